import type { RunId } from '../../base/ids.js';
import type { WaitingRun } from './runStore.js';

/** Beyond that nobody means it. */
export const mostPriority = 1_000;

/** A queued run that starts before those of lower priority, however long they wait; usually it is 0. */
export interface PreferredRun extends WaitingRun {
  readonly priority: number;
}

/** Port: queued runs whose turn is not that in which they were queued. */
export interface RunPriorityStore {
  put(run: RunId, priority: number): void;
  /** Those that are still queued, in the order they are to start. */
  waiting(): readonly PreferredRun[];
}

/** What a transaction needs that touches turns. */
export interface RunPriorityStores {
  readonly priorities: RunPriorityStore;
}

/** What waits in the order in which it is to start, of what was queued in order and of what is preferred to it or not. */
export function* inTurn<T extends { readonly id: RunId }>(
  queued: Iterable<T>,
  preferred: readonly (T & { readonly priority: number })[],
): Generator<T> {
  const others = new Set(preferred.map(({ id }) => id));
  yield* preferred.filter(({ priority }) => priority > 0);
  for (const run of queued) if (!others.has(run.id)) yield run;
  yield* preferred.filter(({ priority }) => priority < 0);
}
