import type { MenuPlace } from './commandEntry.js';

/** The threads view, as `when` clauses name it. */
export const threadsView = 'view == muster.threads';

/** The files of the review in front. */
export const changesView = 'view == muster.changes';

/** A whole review, not one of its files: those have an authority. */
export const wholeReview = 'resourceScheme == muster-review && resource =~ /^muster-review:\\/[^/]/';

/** A place in the context menu of threads in one of these states. */
export function onThread(states: string, group: string): MenuPlace {
  return {
    menu: 'view/item/context',
    when: `${threadsView} && viewItem =~ /\\bthread\\b/ && viewItem =~ /\\b(${states})\\b/`,
    group,
  };
}
