import { parseThreadStatus, threadGroupOf } from '../../protocol/threadDisplay.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';

/** Why a person may want to hear of a thread. */
type Reason = 'needs_you' | 'ready';

export interface Occasion {
  readonly thread: Thread;
  readonly reason: Reason;
}

/**
 * Remembers what each thread last asked for and names the threads that ask for something new. What was there when it first
 * looked is not news: the badge shows it.
 */
export class NewlyNeedy {
  readonly #seen = new Map<string, string>();
  /** The last run of each thread whose end is known, also while it is merged and taken back. */
  readonly #finished = new Map<string, string>();
  #looked = false;

  look(threads: readonly Thread[]): readonly Occasion[] {
    const occasions: Occasion[] = [];
    for (const thread of threads) {
      const reason = reasonOf(thread);
      const key = reason === undefined ? '' : keyOf(thread, reason);
      const before = reason === 'ready' ? this.#finished.get(thread.id) : this.#seen.get(thread.id);
      this.#seen.set(thread.id, key);
      if (reason === 'ready') this.#finished.set(thread.id, key);
      if (reason !== undefined && key !== before && this.#looked) occasions.push({ thread, reason });
    }
    this.#looked = true;
    return occasions;
  }
}

function reasonOf(thread: Thread): Reason | undefined {
  const group = threadGroupOf(parseThreadStatus(thread.status));
  if (group === 'needs_you') return group;
  // Whoever stopped it knows that it has ended, and where nothing ran nothing did.
  const hasFinished = thread.latestRun !== undefined && thread.latestRun.status !== 'cancelled';
  return group === 'ready' && hasFinished ? group : undefined;
}

/** The same need of the same run or merge is told once, however often the thread changes. */
function keyOf(thread: Thread, reason: Reason): string {
  if (reason === 'ready') return `ready:${thread.latestRun?.id ?? ''}`;
  return [reason, thread.latestRun?.id ?? '', thread.latestMerge?.id ?? '', thread.needs].join(':');
}
