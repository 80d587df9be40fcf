import { within } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import type { MergeId } from '../../base/ids.js';
import type { QueuedMerge } from './mergeQueueStore.js';

/** How long an ending host waits for git to let go of a merge; the next host finishes or takes it back in any case. */
const endWaitsMs = 10_000;

interface Working {
  readonly lane: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

interface MergeQueueOptions {
  readonly clock: Clock;
  /** In the order of their turns, those at work included. */
  readonly list: () => readonly QueuedMerge[];
  /** Never rejects. */
  readonly work: (entry: QueuedMerge, signal: AbortSignal) => Promise<void>;
}

/**
 * Works on the merges of the database, in its order, one per lane at a time. What is at work keeps its lane until it has
 * ended; the order of those that wait may change meanwhile.
 */
export class MergeQueue {
  readonly #options: MergeQueueOptions;
  readonly #working = new Map<MergeId, Working>();
  /** Ended here, though the database may not say so yet (a full disk). */
  readonly #ended = new Set<MergeId>();
  #leaving = false;

  constructor(options: MergeQueueOptions) {
    this.#options = options;
  }

  /** Begins whatever has its turn. */
  advance(): void {
    if (this.#leaving) return;
    const busy = new Set([...this.#working.values()].map(({ lane }) => lane));
    for (const entry of this.#options.list()) {
      if (busy.has(entry.lane) || this.#ended.has(entry.merge)) continue;
      busy.add(entry.lane);
      this.#begin(entry);
    }
  }

  isWorking(merge: MergeId): boolean {
    return this.#working.has(merge);
  }

  /** Tells the work to stop; false when the merge is not at work. */
  abort(merge: MergeId, reason: unknown): boolean {
    const working = this.#working.get(merge);
    working?.abort.abort(reason);
    return working !== undefined;
  }

  /** Stops all with `reason`. Resolves when nothing is at work, or it cannot be waited for. */
  async leave(reason: unknown): Promise<void> {
    this.#leaving = true;
    for (const { abort } of this.#working.values()) abort.abort(reason);
    const all = Promise.all([...this.#working.values()].map(({ done }) => done));
    await within(all, { ms: endWaitsMs, clock: this.#options.clock });
  }

  #begin(entry: QueuedMerge): void {
    const abort = new AbortController();
    const done = this.#options.work(entry, abort.signal).finally(() => {
      this.#ended.add(entry.merge);
      this.#working.delete(entry.merge);
      this.advance();
    });
    this.#working.set(entry.merge, { lane: entry.lane, abort, done });
  }
}
