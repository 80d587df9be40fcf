import type { ReviewMark, ReviewMarks } from '../reviews/review.js';
import type { Thread } from '../threads/thread.js';
import type { Merge } from './merge.js';

/**
 * True for a merge that came to nothing and says nothing of the thread as it is now: what kept it was another commit, or that
 * nobody had seen this one, which somebody has by now.
 */
export function isStale(merge: Merge, { head }: Thread, { shown, approved }: ReviewMarks): boolean {
  switch (merge.status) {
    case 'blocked':
      if (merge.reason !== 'changed_since_review') return isAnother(merge, head);
      return [shown, approved].some(mark => isOfSince(mark, head, merge.createdAt));
    case 'conflicted':
    case 'failed':
      return isAnother(merge, head);
    case 'queued':
    case 'checking':
    case 'merging':
    case 'merged':
    case 'cancelled':
      return false;
  }
}

function isAnother({ expect }: Merge, head: string | undefined): boolean {
  return head !== undefined && head !== expect;
}

function isOfSince(mark: ReviewMark | undefined, head: string | undefined, time: number): boolean {
  return mark !== undefined && mark.commit === head && mark.at > time;
}
