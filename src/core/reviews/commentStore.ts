import type { ThreadId } from '../../base/ids.js';
import type { CommentId, ReviewComment } from './comment.js';

/** Port: what people and reviewers said about lines of threads. */
export interface CommentStore {
  get(id: CommentId): ReviewComment | undefined;
  /** Those of a thread whose id begins so, at most 10. */
  withPrefix(threadId: ThreadId, prefix: string): readonly ReviewComment[];
  /** In the order in which they were made. */
  ofThread(threadId: ThreadId): readonly ReviewComment[];
  /** A comment with the same id is replaced. */
  save(comment: ReviewComment): void;
  /** With its answers. */
  remove(id: CommentId): void;
  counts(threadId: ThreadId): CommentCounts;
}

/** How many discussions of a thread wait for somebody. */
export interface CommentCounts {
  readonly drafts: number;
  readonly open: number;
}

/** What a transaction needs that touches comments. */
export interface CommentStores {
  readonly comments: CommentStore;
}
