import { inPart } from '../../base/partPath.js';
import type { ConflictStore } from '../../core/merges/conflictPrediction.js';
import type { CommentCounts, CommentStore } from '../../core/reviews/commentStore.js';
import type { ReviewMarks } from '../../core/reviews/review.js';
import type { ReviewStore } from '../../core/reviews/reviewStore.js';
import type { ThreadView } from '../../core/threads/threadStore.js';

/** What people see of a thread with all of its repositories. */
type Whole = Pick<ThreadView, 'thread' | 'parts'>;

/** Of the first repository that has one. What was found out about another commit says nothing any more. */
export function conflictOf(conflicts: ConflictStore, { thread, parts }: Whole): Pick<ThreadView, 'conflict'> {
  const places = [{ thread }, ...parts];
  for (const {
    thread: { id, head, outcome },
    ...of
  } of places) {
    const found = outcome === 'open' ? conflicts.ofThread(id) : undefined;
    if (found && found.head === head && found.files.length > 0)
      return {
        conflict: 'part' in of ? { ...found, files: found.files.map(file => inPart(of.part.name, file)) } : found,
      };
  }
  return {};
}

/** Over all repositories. */
export function commentsOn(comments: CommentStore, { thread, parts }: Whole): CommentCounts {
  const all = [thread, ...parts.map(part => part.thread)].map(({ id }) => comments.counts(id));
  return {
    drafts: all.reduce((sum, { drafts }) => sum + drafts, 0),
    open: all.reduce((sum, { open }) => sum + open, 0),
  };
}

/** An approval is of the commits of all repositories, and lapses with any of them. */
export function marksOf(reviews: ReviewStore, { thread, parts }: Whole): ReviewMarks {
  const { approved, ...marks } = reviews.marks(thread.id);
  const stands = parts.every(({ thread: { id, head } }) => reviews.marks(id).approved?.commit === head);
  return approved && stands ? { ...marks, approved } : marks;
}
