import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runIdVariable } from '../../node/runFiles.js';
import { SharedList } from './processTable.js';
import type { ProcessEntry, ProcessTable } from './processTable.js';

const run = promisify(execFile);
const columns = 'pid=,ppid=,pgid=,stat=,lstart=,command=';
/** `lstart` is local time in the user's language otherwise; the shell wrapper asks in the same way. */
const plainEnvironment = { PATH: '/bin:/usr/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC0' };
const longestListing = 64 * 1024 * 1024;

/** Asks `ps`. The environment of Apple's own programs is hidden, so the wrapper carries the run's id as an argument too. */
export function createMacosProcessTable(): ProcessTable {
  const ps = async (args: readonly string[]): Promise<readonly ProcessEntry[]> => {
    const { stdout } = await run('ps', [...args], { env: plainEnvironment, maxBuffer: longestListing });
    return parsePsListing(stdout);
  };
  const shared = new SharedList(() => ps(['-A', '-E', '-ww', '-o', columns]));
  let boot: Promise<string> | undefined;
  return {
    bootId: () =>
      (boot ??= run('sysctl', ['-n', 'kern.bootsessionuuid'], { env: plainEnvironment }).then(({ stdout }) =>
        stdout.trim(),
      )),
    // `ps -p` exits with 1 when there is no such process.
    find: async pid => (await ps(['-p', String(pid), '-o', columns]).catch(() => [])).find(entry => entry.pid === pid),
    list: () => shared.list(),
    sameStart: (a, b) => a === b,
  };
}

/** Parses `ps -o pid=,ppid=,pgid=,stat=,lstart=,command=`; zombies are left out. */
export function parsePsListing(text: string): readonly ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s?(.*)$/.exec(line);
    const [, pid, parent, group, state, start, command] = match ?? [];
    if (!start || !state || state.startsWith('Z')) continue;
    const carried = new RegExp(`(?:^|\\s)${runIdVariable}=(\\S+)`).exec(command ?? '')?.[1];
    entries.push({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      // `ps` shows sessions as addresses; groups are enough where every process of a run carries its id.
      session: Number(group),
      start: start.replace(/\s+/g, ' '),
      ...(carried === undefined ? {} : { run: carried }),
    });
  }
  return entries;
}
