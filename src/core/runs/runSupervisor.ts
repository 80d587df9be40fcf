import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { RunExit } from './runDirectory.js';
import type { OutputLine } from './runOutput.js';
import type { SandboxLaunch } from '../sandboxes/sandboxDriver.js';

/**
 * Watches the runs of one host from start or adoption to the end. One instance per host.
 * The implementation is `directoryRunSupervisor.ts`.
 */
export interface RunSupervisor {
  /** Starts a run whose directory exists. The listener hears of everything that follows, `onEnded` exactly once. */
  start(launch: SandboxLaunch, limits: RunLimits, listener: RunListener): void;
  /** Takes over a run of an earlier host: concludes, tails on from `outputOffset`, or calls it lost (leftovers killed first). */
  adopt(run: AdoptedRun, limits: RunLimits, listener: RunListener): void;
  /**
   * Stops a run; its listener then hears `cancelled` (unless it ended by itself first). Resolves when nothing of it is alive.
   * What a host that is killed has begun of it is finished by the next one that adopts the run as `cancelled`.
   */
  cancel(run: RunId): Promise<void>;
  /** Ends what an ended run left going in the background, whichever host watched it. Errors: `run.unstoppable`. */
  endLeftovers(run: RunId): Promise<void>;
  /** Stands the run's time limits still (a question to a person is open) until the result is disposed; holds add up. */
  holdClock(run: RunId): Disposable;
  /**
   * Stops watching (the agents keep running; the next host adopts them). Resolves when every tail has stopped; a stop that
   * was under way is finished first.
   */
  dispose(): Promise<void>;
}

export interface AdoptedRun {
  readonly run: RunId;
  readonly outputOffset: number;
  /** Somebody saw its process: however little is left of its directory, its command did run. */
  readonly seenStarted: boolean;
  /** A person wants it ended; nobody else finishes what the host that was to do it had begun. */
  readonly cancelled: boolean;
  /** Wall-clock budget already used by earlier hosts counts from here, in ms since the epoch. */
  readonly startedAt: number;
}

/** Milliseconds of awake time; 0 means no limit. */
export interface RunLimits {
  readonly wallClockMs: number;
  readonly stallMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
}

export interface RunListener {
  /** The CLI's process exists. At most once per start or adoption, before everything else. */
  onStarted(): void;
  onLines(lines: readonly OutputLine[]): void;
  onEnded(end: RunEnd): void;
}

export type RunEnd =
  | { readonly kind: 'exited'; readonly exit: RunExit; readonly stderrTail: string }
  | { readonly kind: 'timed_out'; readonly limit: 'wall_clock' | 'stall'; readonly stderrTail: string }
  | { readonly kind: 'cancelled' }
  /**
   * No exit file, nothing alive. `started: false` means that nobody saw it start and the claim of `started` went to a host, so
   * that the command never ran and never will: the message may safely get a new run. In doubt it is `true`. `why`: a sentence of
   * whoever ended it.
   */
  | {
      readonly kind: 'lost';
      readonly started: boolean;
      readonly stderrTail: string;
      readonly why?: string | undefined;
    }
  /** The process could not be started at all. */
  | { readonly kind: 'not_started'; readonly error: unknown }
  /** It ended somehow, and the store refuses what it said. */
  | { readonly kind: 'unrecordable'; readonly error: unknown };
