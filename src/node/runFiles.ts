import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, AppError } from '../base/errors.js';
import { isId } from '../base/ids.js';
import type { RunId } from '../base/ids.js';

/** The files of a run directory. The wrappers (`shellWrapper.ts`, `nodeWrapper.ts`) know the same names. */
export const runFiles = {
  spec: 'spec.json',
  prompt: 'prompt.txt',
  /** A file when a wrapper made it, a directory when a host did. */
  started: 'started',
  pid: 'pid',
  stdout: 'stdout.ndjson',
  stderr: 'stderr.log',
  exit: 'exit.json',
  /** Letters of the agent to the host, and their answers. */
  mail: 'mail',
  /** Written to after each letter: it is this file that is watched. `src/agentMcp` knows both names. */
  bell: 'bell',
} as const;

/**
 * `pid` and `exit.json` are files of this many blanks from the start, and are written over: a disk which has filled up meanwhile
 * still has the block they need. The wrappers pad with blanks to exactly this size, and write it in one piece.
 */
export const reserveBytes = 256;

/** `<state>/runs/<id>`. Refuses anything that is not an id: such a string never becomes part of a path. */
export function runPath(stateDir: string, run: RunId): string {
  if (!isId(run)) throw new AppError('run.unknown', `Not the id of a run: ${JSON.stringify(run)}.`, { run });
  return join(stateDir, 'runs', run);
}

/** What `pid` and `exit.json` are until they are written. */
export const reserved = ' '.repeat(reserveBytes);

/** Writes a file of mode 0600 that is either whole or not there. */
export function writeWhole(path: string, contents: string): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, contents, { mode: 0o600, flag: 'wx' });
  renameSync(temporary, path);
}

/** The error of a state directory that cannot be written to. */
export function unwritable(path: string, cause: unknown): AppError<'state.unwritable'> {
  const reason = errorMessage(cause);
  return new AppError(
    'state.unwritable',
    `Muster could not write to ${path}: ${reason}. Check its permissions and the free space of its disk.`,
    { path, reason },
    { cause },
  );
}

/** The name of the environment variable that marks every process of a run. */
export const runIdVariable = 'MUSTER_RUN_ID';
