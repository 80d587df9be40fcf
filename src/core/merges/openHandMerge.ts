import { AppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';

/**
 * A merge of the target into a thread's worktree that a person has begun and not ended. It stands in the worktree, where nobody
 * sees it: this is what lists, pages and those who would start an agent there go by.
 */
export interface OpenHandMerge {
  readonly threadId: ThreadId;
  readonly target: string;
  /** Ms since the epoch. */
  readonly begunAt: number;
}

/** Port: at most one of each thread. */
export interface OpenHandMergeStore {
  ofThread(thread: ThreadId): OpenHandMerge | undefined;
  save(merge: OpenHandMerge): void;
  remove(thread: ThreadId): void;
}

/** What a transaction needs that touches merges by hand. */
export interface OpenHandMergeStores {
  readonly handMerges: OpenHandMergeStore;
}

/** Refuses what would work on files that are half merged. Errors: `merge.byHand`. */
export function requireNoHandMerge(merge: OpenHandMerge | undefined): void {
  if (merge === undefined) return;
  const { threadId: thread, target } = merge;
  throw new AppError(
    'merge.byHand',
    `${target} is being merged into thread ${thread} by hand. Complete that first (\`muster update ${thread} --finish\`), or give it up (\`muster update ${thread} --abandon\`).`,
    { thread, target },
  );
}
