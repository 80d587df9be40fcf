import type { RunId, SandboxId, ThreadId } from '../../base/ids.js';
import type { Confinement } from '../sandboxes/confinement.js';
import type { Guest, SandboxSpec, SearchedPath } from '../sandboxes/sandboxDriver.js';
import type { CellOutput } from './cellOutputs.js';

/** Port: Jupyter servers. */
export interface NotebookServerDriver {
  /**
   * Starts a server and resolves when its process exists. Errors: `notebooks.missing` when Jupyter is not installed,
   * `worktree.missing`, `run.notStarted`, `state.unwritable`.
   */
  start(launch: NotebookServerLaunch, signal: AbortSignal): Promise<void>;
  /** Resolves when it answers, rejects with the signal's reason when aborted. */
  whenReady(server: ServerName, signal: AbortSignal): Promise<void>;
  /** Resolves with what it said last when its process has ended; rejects with the signal's reason when aborted. */
  whenEnded(server: ServerName, signal: AbortSignal): Promise<string>;
  isAlive(server: ServerName): Promise<boolean>;
  /** Ends it with its kernels, and resolves when nothing of it is alive. Errors: `run.unstoppable`. */
  stop(server: ServerName): Promise<void>;
  /** Its kernels, as it counts them; undefined when it does not answer. */
  activity(server: ServerName, signal: AbortSignal): Promise<ServerActivity | undefined>;
  /** The path of its page for a browser, below its own; undefined when no such thing is installed beside it. */
  firstPage(server: ServerName, signal: AbortSignal): Promise<string | undefined>;
  /** Takes the files of a server that has ended; what its kernels said stays. */
  forget(server: ServerName): Promise<void>;
  /** What was executed in the thread's kernels, the newest last, at most `limit`; also when no server is alive. */
  cells(thread: ThreadId, options: { readonly limit: number }): Promise<readonly RecordedCell[]>;
  /**
   * What a kernel said while it executed a cell, as lines of JSON, from the first on until the cell has ended. Lines that come
   * later follow as they come. A cell that waits for its turn is waited for.
   */
  follow(cell: CellName, signal: AbortSignal): AsyncIterable<readonly string[]>;
  /**
   * Executes code in a kernel and resolves when that has ended, or cannot end any more. When its limit has passed, or nobody wants
   * it any more, the kernel is interrupted if the code is at work by then. Errors: `notebooks.failed`; the reason of a signal.
   */
  execute(server: ServerName, cell: CellRequest, signals: CellSignals): Promise<ExecutedCell>;
}

export interface CellSignals {
  readonly unwanted: AbortSignal;
  /** Ends the waiting alone. */
  readonly letGo: AbortSignal;
}

export interface CellRequest {
  /** Names the execution. */
  readonly message: string;
  /** Whether somebody may have asked for it under this name before: it is executed once all the same. */
  readonly again: boolean;
  /** Whose kernel: a notebook's, below the server's root, or any name. One that does not run is started. */
  readonly path: string;
  readonly code: string;
  readonly limitMs: number;
}

export interface ExecutedCell {
  /** `late`: its limit has passed · `gone`: its kernel has ended or was restarted. */
  readonly end: 'ok' | 'error' | 'late' | 'gone';
  /** `In [n]`; missing: it was not begun. */
  readonly count?: number | undefined;
  readonly outputs: readonly CellOutput[];
}

/** Which server, and whose. */
export interface ServerName {
  readonly id: RunId;
  readonly threadId: ThreadId;
  /** Missing: this machine. */
  readonly sandbox?: SandboxId | undefined;
}

/** The message that asked a kernel to execute a cell names the execution. */
export interface CellName {
  readonly threadId: ThreadId;
  readonly message: string;
}

export interface NotebookServerLaunch extends ServerName {
  /** Absolute; root of what the server shows. */
  readonly worktree: string;
  readonly env: Readonly<Record<string, string>>;
  readonly searched: readonly SearchedPath[];
  /** Folders in which no program is looked for. */
  readonly untrusted: readonly string[];
  /** Of a process of this machine: where it and its kernels may write, besides the driver's own folders; missing: anywhere. */
  readonly confinement?: Confinement | undefined;
  /** In what it is started, and how things look from there; missing: this machine. */
  readonly inside?:
    | {
        readonly spec: SandboxSpec;
        readonly guest: Guest;
        /** Of the loopback interface, which it shares with nobody; 0: any. */
        readonly port: number;
      }
    | undefined;
}

export interface ServerActivity {
  readonly kernels: number;
  /** Open connections to kernels. */
  readonly connections: number;
  /** Milliseconds since the epoch. */
  readonly lastActivity: number;
}

/** One execution of a cell, whoever asked for it. */
export interface RecordedCell {
  readonly message: string;
  readonly kernel: string;
  readonly source: string;
  /** `In [n]`. */
  readonly count?: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** The name of the exception that ended it. */
  readonly error?: string;
  /** Text that it printed and results it showed, cut where it is long. */
  readonly text: string;
  /** How many results it showed, by kind. */
  readonly outputs: readonly string[];
}
