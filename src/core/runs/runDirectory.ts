import type { RunId } from '../../base/ids.js';
import type { ProcessExit } from '../agents/provider.js';

/** Port: the files of a run, `<state>/runs/<id>/`, the same for every sandbox. Implemented by `drivers/process`. */
export interface RunDirectory {
  /** Absolute path of the run's directory. */
  path(run: RunId): string;
  /** Writes `spec.json`, `prompt.txt` and `files`. Directory 0700, files 0600. Errors: `state.unwritable`. */
  create(run: RunId, contents: RunDirectoryContents): Promise<void>;
  exists(run: RunId): Promise<boolean>;
  /** `mkdir started`: the wrapper's and a giving-up host's first act. Whoever finds it taken stops. */
  claimStart(run: RunId): Promise<'claimed' | 'taken'>;
  readExit(run: RunId): Promise<ProcessExit | undefined>;
  /** The last `maxBytes` of `stderr.log` as text; invalid UTF-8 becomes U+FFFD. */
  stderrTail(run: RunId, maxBytes: number): Promise<string>;
  /** Deletes the directory (retention). */
  remove(run: RunId): Promise<void>;
}

export interface RunDirectoryContents {
  /** Names of variables, never values. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly prompt: string;
  readonly files: Readonly<Record<string, string>>;
}
