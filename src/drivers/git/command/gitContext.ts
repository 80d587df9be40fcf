import type { Clock } from '../../../base/clock.js';
import type { Log } from '../../../base/log.js';
import { GitCommand } from './gitCommand.js';
import { realFiles, type FileOperations } from '../worktree/fileOperations.js';
import type { Environment } from './gitEnvironment.js';

export interface GitDriverOptions {
  /** Muster's state directory: archives of ignored files and the records of landing merges live in it. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: `git` on the PATH. */
  readonly binary?: string;
  /** The environment of git's processes (ssh and gpg agents, credential helpers). Default: this process's. */
  readonly environment?: Environment;
  /** Default: the real file system. */
  readonly files?: FileOperations;
  /** Default: git of `binary` and `environment`. */
  readonly git?: GitCommand;
}

/** What every function of this driver needs. */
export interface GitContext {
  readonly git: GitCommand;
  readonly files: FileOperations;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

export function createGitContext(options: GitDriverOptions): GitContext {
  const { stateDir, clock, log, binary, environment, files = realFiles } = options;
  const git = options.git ?? new GitCommand({ clock, binary, environment });
  return { git, files, stateDir, clock, log };
}
