import type { Thread } from './gen/muster/v1/threads_pb.js';

/**
 * What a person knows of the commit that a merge would bring in:
 * `unseen`: nobody has looked at the thread; `changed`: they saw another commit; `agreed`: somebody wanted exactly it merged already,
 * and that came to nothing.
 */
export type Sight = 'seen' | 'changed' | 'unseen' | 'agreed';

/** What of it matters here. */
export type SeenThread = Pick<Thread, 'head' | 'shownHead' | 'approvedHead' | 'latestMerge'>;

/** The commit that a person has approved, or else was shown last; empty: none. */
export function seenHead({ head, shownHead, approvedHead }: SeenThread): string {
  return approvedHead === head || shownHead === '' ? approvedHead : shownHead;
}

/** Decides whether a person is asked before a merge. */
export function sightOf(thread: SeenThread): Sight {
  const seen = seenHead(thread);
  if (seen !== '' && seen === thread.head) return 'seen';
  const { latestMerge: merge, head } = thread;
  const cameToNothing = merge !== undefined && ['blocked', 'conflicted', 'failed'].includes(merge.status);
  if (cameToNothing && merge.expect === head && merge.reason !== 'changed_since_review') return 'agreed';
  return seen === '' ? 'unseen' : 'changed';
}
