import type { RunId } from '../../base/ids.js';

/**
 * Port: where a run executes. Its only job is to start *this command, in that sandbox, with its stdio on the files of the
 * run directory*, detached in its own process group, at most once.
 */
export interface SandboxDriver {
  /**
   * Spawns the wrapper and resolves when it exists. What the wrapper does then is seen in the run directory.
   * Errors: `provider.missing` when `argv[0]` is not on the PATH of `env`; `worktree.missing`; `state.unwritable`.
   */
  start(launch: SandboxLaunch, signal: AbortSignal): Promise<void>;
  /** True while a process of the run's group, or one that carries `MUSTER_RUN_ID=<run>`, is alive. */
  isAlive(run: RunId): Promise<boolean>;
  /** SIGTERM to the group, grace, SIGKILL to the group, then to every process that carries the run's id. */
  stop(run: RunId, options: { readonly graceMs: number }): Promise<void>;
}

export interface SandboxLaunch {
  readonly run: RunId;
  readonly argv: readonly string[];
  /** The complete environment; the driver adds `MUSTER_RUN_ID` and nothing else. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute working directory. */
  readonly cwd: string;
  readonly stdin: 'prompt' | 'none';
}
