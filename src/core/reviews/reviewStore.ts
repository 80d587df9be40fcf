import type { ThreadId } from '../../base/ids.js';
import type { Review, ReviewMarks } from './review.js';

/** Port: what people made of the commits of threads. */
export interface ReviewStore {
  /** The same verdict on the same commit again moves its time. */
  record(review: Review): void;
  marks(threadId: ThreadId): ReviewMarks;
}

/** What a transaction needs that touches reviews. */
export interface ReviewStores {
  readonly reviews: ReviewStore;
}
