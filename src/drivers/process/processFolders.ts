import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { defined } from '../../base/defined.js';
import type { WorktreeProcess, WorktreeProcesses } from '../../core/workspaces/worktreeProcesses.js';
import { isInside } from '../../node/isInside.js';
import { workingProcesses } from '../../node/openFiles.js';
import { readRun } from './linuxProcessTable.js';

const run = promisify(execFile);
const longestListing = 16 * 1024 * 1024;

/** A process and the folder that it works in, with all links resolved. */
interface Placed extends WorktreeProcess {
  readonly folder: string;
}

/** Who works in a folder: `/proc` on Linux, `lsof` on macOS; Windows does not tell. */
export function createWorktreeProcesses(): WorktreeProcesses {
  return {
    async inside(folders) {
      if (folders.length === 0) return [];
      const places = await Promise.all(folders.map(folder => realpath(folder).catch(() => folder)));
      const all = await placedProcesses();
      return places.map(place =>
        all
          .filter(({ folder }) => isInside(place, folder))
          .map(({ pid, name, run: started }) => ({ pid, name, ...defined({ run: started }) })),
      );
    },
  };
}

async function placedProcesses(): Promise<readonly Placed[]> {
  if (process.platform === 'linux') return linuxProcesses();
  if (process.platform !== 'darwin') return [];
  // Status 1: some process could not be looked at; the others are listed all the same.
  const listing = await run('/usr/sbin/lsof', ['-a', '-d', 'cwd', '-u', String(process.getuid?.() ?? ''), '-Fpcn'], {
    maxBuffer: longestListing,
  }).catch((error: unknown) => error);
  return parseLsof(stdoutOf(listing));
}

function stdoutOf(result: unknown): string {
  const isAnswer = typeof result === 'object' && result !== null && 'stdout' in result;
  return isAnswer && typeof result.stdout === 'string' ? result.stdout : '';
}

/** Parses `lsof -Fpcn`: a line for each field, whose first letter says which. */
export function parseLsof(text: string): readonly Placed[] {
  const found: Placed[] = [];
  let pid = 0;
  let name = '';
  for (const line of text.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) pid = Number(value);
    else if (line.startsWith('c')) name = value;
    else if (line.startsWith('n') && pid > 0) found.push({ pid, name, folder: value });
  }
  return found;
}

async function linuxProcesses(): Promise<readonly Placed[]> {
  return (await workingProcesses()).map(process => {
    const started = readRun(process.pid);
    return started === undefined ? process : { ...process, run: started };
  });
}
