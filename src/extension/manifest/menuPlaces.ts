import type { MenuPlace, SubmenuName } from './commandEntry.js';

/** The threads view, as `when` clauses name it. */
export const threadsView = 'view == muster.threads';

/** The files of the review in front. */
export const changesView = 'view == muster.changes';

/** A whole review, not one of its files: those have an authority. */
export const wholeReview = 'resourceScheme == muster-review && resource =~ /^muster-review:\\/[^/]/';

/** The same of a thread about which something is left to decide. The key is that of the review in front; where it is unknown, all is offered. */
export const undecidedReview = `${wholeReview} && !muster.reviewMerged`;

/**
 * A place in the context menu of threads in one of these states. Its groups, from the top: `0_need` what helps now, `1_open`
 * what it did and what to say to it, `2_merge`, `3_more` where else it can be looked at, `4_end`, `4_remove`, `5_copy`.
 */
export function onThread(states: string, group: string, menu: 'view/item/context' | SubmenuName = 'view/item/context') {
  return {
    menu,
    when: `${threadsView} && viewItem =~ /\\bthread\\b/ && viewItem =~ /\\b(${states})\\b/`,
    group,
  } satisfies MenuPlace;
}
