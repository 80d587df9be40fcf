import type { RunId } from '../../base/ids.js';
import type { ProcessExit } from '../agents/provider.js';

/** Port: the files of a run, `<state>/runs/<id>/`, the same for every sandbox. Implemented by `drivers/process`. */
export interface RunDirectory {
  /** Absolute path of the run's directory. */
  path(run: RunId): string;
  /**
   * Writes `spec.json`, `prompt.txt` and `files`, and reserves the room that `pid` and `exit.json` need, so that a disk
   * which fills up later cannot take the end of the run. Directory 0700, files 0600. Errors: `state.unwritable`.
   */
  create(run: RunId, contents: RunDirectoryContents): Promise<void>;
  exists(run: RunId): Promise<boolean>;
  /**
   * Makes `started`, the first act of the wrapper and of a host that gives the run up. `claimed`: no other ever can, so that
   * the command never ran and never will. `given_up`: the same, and a host has had it before. `taken`: a wrapper has it.
   * `gone`: the directory itself was removed, which proves nothing.
   */
  claimStart(run: RunId): Promise<'claimed' | 'given_up' | 'taken' | 'gone'>;
  /** `undefined` while the run goes on (the file is blank), and for a file that a power cut left unreadable. */
  readExit(run: RunId): Promise<RunExit | undefined>;
  /** Resolves once `pid` or `exit.json` is written: the wrapper has begun. Rejects with the signal's reason when aborted. */
  waitForStart(run: RunId, signal: AbortSignal): Promise<void>;
  /** Resolves within milliseconds after `exit.json` is written. Rejects with the signal's reason when aborted. */
  waitForExit(run: RunId, signal: AbortSignal): Promise<RunExit>;
  /** The last `maxBytes` of `stderr.log` as text; invalid UTF-8 becomes U+FFFD. */
  stderrTail(run: RunId, maxBytes: number): Promise<string>;
  /** Deletes the directory (retention). */
  remove(run: RunId): Promise<void>;
}

export interface RunDirectoryContents {
  /** Names of variables, never values. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly prompt: string;
  /** Plain file names (letters, digits, `.`, `_`, `-`) to contents. */
  readonly files: Readonly<Record<string, string>>;
  /** The agent has tools that write to the host. */
  readonly mail?: boolean;
}

/** How the CLI's process ended, and when (milliseconds since the epoch). */
export interface RunExit extends ProcessExit {
  readonly endedAt: number;
}
