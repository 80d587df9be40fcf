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
  /** Those that are worked on together; the first has its turn. Never rejects. */
  readonly work: (entries: readonly QueuedMerge[], signal: AbortSignal) => Promise<void>;
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
    const waiting = this.#options.list().filter(({ merge }) => !this.#ended.has(merge));
    for (const entry of waiting) {
      if (busy.has(entry.lane)) continue;
      busy.add(entry.lane);
      this.#begin(entry, together(entry, waiting));
    }
  }

  /** The merge is over, and gets no other turn. */
  over(merge: MergeId): void {
    this.#ended.add(merge);
  }

  isWorking(merge: MergeId): boolean {
    return this.#working.has(merge);
  }

  /** Tells the work to stop, also for those that it is worked on together with. */
  abort(merge: MergeId, reason: unknown): void {
    this.#working.get(merge)?.abort.abort(reason);
  }

  /** Stops all with `reason`. Resolves when nothing is at work, or it cannot be waited for. */
  async leave(reason: unknown): Promise<void> {
    this.#leaving = true;
    for (const { abort } of this.#working.values()) abort.abort(reason);
    const all = Promise.all([...this.#working.values()].map(({ done }) => done));
    await within(all, { ms: endWaitsMs, clock: this.#options.clock });
  }

  #begin({ lane }: QueuedMerge, entries: readonly QueuedMerge[]): void {
    const abort = new AbortController();
    const done = this.#options.work(entries, abort.signal).finally(() => {
      // What came to no end at all is not begun again and again.
      if (!entries.some(({ merge }) => this.#ended.has(merge))) for (const { merge } of entries) this.over(merge);
      for (const { merge } of entries) this.#working.delete(merge);
      this.advance();
    });
    for (const { merge } of entries) this.#working.set(merge, { lane, abort, done });
  }
}

/** The merge that has its turn, and those behind it that are verified like it: that is what they can share. */
function together(first: QueuedMerge, waiting: readonly QueuedMerge[]): readonly QueuedMerge[] {
  if (first.verify.length === 0) return [first];
  const same = (other: QueuedMerge): boolean =>
    other.lane === first.lane && JSON.stringify(other.verify) === JSON.stringify(first.verify);
  const [, ...others] = waiting.filter(({ lane }) => lane === first.lane);
  const stranger = others.findIndex(other => !same(other));
  const next = stranger < 0 ? others : others.slice(0, stranger);
  return [first, ...next].slice(0, Math.max(1, first.batch));
}
