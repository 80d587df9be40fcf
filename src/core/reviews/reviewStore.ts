import type { ThreadId } from '../../base/ids.js';
import type { Review, ReviewMarks } from './review.js';

/** Port: what people made of the commits of threads. */
export interface ReviewStore {
  /** The same verdict on the same commit again moves its time. */
  record(review: Review): void;
  marks(threadId: ThreadId): ReviewMarks;
  /** No commit of the thread counts as approved any more. */
  withdrawApprovals(threadId: ThreadId): void;
  /** The commit that a person saw last of those that are not `head`. */
  earlierCommit(threadId: ThreadId, head: string): string | undefined;
  /** Keys of the hunks that a person has looked at. */
  reviewedHunks(threadId: ThreadId): ReadonlySet<string>;
  /** `at` missing: they were not looked at. */
  setReviewed(threadId: ThreadId, hunks: readonly string[], at: number | undefined): void;
  /** Keys of the hunks that a person has staged and not committed yet. */
  stagedHunks(threadId: ThreadId): ReadonlySet<string>;
  /** `at` missing: they are staged no more. */
  setStaged(threadId: ThreadId, hunks: Iterable<string>, at: number | undefined): void;
}

/** What a transaction needs that touches reviews. */
export interface ReviewStores {
  readonly reviews: ReviewStore;
}
