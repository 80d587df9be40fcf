import type { RunId, ThreadId } from '../../base/ids.js';

/** A queued run that must not start before a time. A row, so that it survives the host. Times are ms since the epoch. */
export interface RunDelay {
  readonly runId: RunId;
  readonly dueAt: number;
  /** `retry`: the run before it failed; `scheduled`: whoever dispatched it said when. */
  readonly reason: 'retry' | 'scheduled';
}

/** Port: what queued runs wait for. */
export interface RunDelayStore {
  put(delay: RunDelay): void;
  /** Of a run that is still queued. */
  of(run: RunId): RunDelay | undefined;
  /** What waits to try again in a thread. */
  retriesIn(thread: ThreadId): readonly RunDelay[];
  /** Queued runs that are not due yet. */
  pending(now: number): readonly RunDelay[];
}

/** What a transaction needs that touches delays. */
export interface RunDelayStores {
  readonly delays: RunDelayStore;
}
