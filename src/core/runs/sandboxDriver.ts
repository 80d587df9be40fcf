import type { RunId } from '../../base/ids.js';

/**
 * Port: where a run executes. Its only job is to start *this command, in that sandbox, with its stdio on the files of the
 * run directory*, detached in its own process group, at most once.
 */
export interface SandboxDriver {
  /**
   * Spawns the wrapper and resolves when it exists. What the wrapper does then is seen in the run directory.
   * Errors: `provider.missing` when `argv[0]` is not on the PATH of `env`; `worktree.missing`; `run.notStarted`.
   */
  start(launch: SandboxLaunch, signal: AbortSignal): Promise<void>;
  /** True while a process of the run's group, or one that carries `MUSTER_RUN_ID=<run>`, is alive. */
  isAlive(run: RunId): Promise<boolean>;
  /**
   * SIGTERM, grace, SIGKILL: to the group and to every process that carries the run's id. Resolves when none is alive.
   * Errors: `run.unstoppable` when something outlives even SIGKILL (a hung disk, another user's process).
   */
  stop(run: RunId, options: { readonly graceMs: number }): Promise<void>;
}

/** One of the lists of folders that a PATH was put together from. */
export interface SearchedPath {
  /** Completes *the PATH …*. */
  readonly whose: string;
  readonly folders: readonly string[];
}

export interface SandboxLaunch {
  readonly run: RunId;
  /** For `provider.missing`: the provider's name and how to install its CLI. */
  readonly provider?: { readonly name: string; readonly install: string };
  /** `argv[0]` is a path, or a name to look up in the absolute folders of the PATH of `env`. */
  readonly argv: readonly string[];
  /** The complete environment; the driver adds `MUSTER_RUN_ID` and nothing else. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the PATH of `env` comes from, for the message when a command is not found. */
  readonly searched?: readonly SearchedPath[];
  /** Folders whose programs are not the user's: a name is never found in them, nor in the working directory. */
  readonly untrusted?: readonly string[];
  /** Absolute working directory. */
  readonly cwd: string;
  readonly stdin: 'prompt' | 'none';
}
