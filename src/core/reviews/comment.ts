import { AppError } from '../../base/errors.js';
import type { Id, MessageId, RunId, ThreadId } from '../../base/ids.js';
import type { TextAnchor } from '../../base/textAnchor.js';
import type { Severity } from '../chains/agentVerdict.js';
import { person } from '../messages/message.js';

export type CommentId = Id<'comment'>;

/** `draft`: only the person knows it. `open`: it was sent, or an agent made it. `resolved`: nobody has to do anything any more. */
export type CommentState = 'draft' | 'open' | 'resolved';

/** `changed`: the file as the thread has it. `base`: as it was before, for what was removed. */
export type CommentSide = 'changed' | 'base';

/** Where somebody said something. */
export interface CommentPlace {
  /** Relative to the top of the worktree, `/`-separated. */
  readonly path: string;
  readonly side: CommentSide;
  /** What was there; the place is found again by it. */
  readonly anchor: TextAnchor;
  /** The commit that was reviewed. */
  readonly commit: string;
}

/** What somebody said about lines of a thread's changes, or in answer to such a comment. */
export interface ReviewComment {
  readonly id: CommentId;
  readonly threadId: ThreadId;
  readonly place: CommentPlace;
  /** The comment that it answers, which is never an answer itself: a discussion has the state of its first comment. */
  readonly replyTo?: CommentId;
  /** `you`, or the name of an agent. */
  readonly author: string;
  readonly text: string;
  readonly state: CommentState;
  /** How much a reviewing agent minds. */
  readonly severity?: Severity;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The message that brought it to the author of the changes. */
  readonly messageId?: MessageId;
  /** The run that made it. */
  readonly runId?: RunId;
  /** Who resolved it. */
  readonly resolvedBy?: string;
}

/** Longer ones belong into a file. */
const maxText = 65_536;

/** The words of a comment as they are kept. Errors: `request.invalid`. */
export function commentText(text: string): string {
  const words = text.trim();
  if (words === '') throw refused('text', 'a comment says something');
  if (words.length > maxText) throw refused('text', `a comment has at most ${maxText} characters`);
  if (words.includes('\0')) throw refused('text', 'it contains a NUL character');
  return words;
}

/** The comment with other words. What the agent has read stays as it read it. Errors: `request.invalid`. */
export function editComment(comment: ReviewComment, text: string, now: number): ReviewComment {
  if (comment.state !== 'draft' || comment.author !== person) {
    throw refused('id', `comment ${comment.id} was sent; answer it instead`);
  }
  return { ...comment, text: commentText(text), updatedAt: now };
}

/** The comment as part of what was sent; one that was sent before belongs to the later message. */
export function sendComment(comment: ReviewComment, messageId: MessageId, now: number): ReviewComment {
  return comment.state === 'resolved' ? comment : { ...comment, state: 'open', messageId, updatedAt: now };
}

/** The comment with nobody having to do anything about it, or again with somebody. Drafts are removed instead. */
export function setResolved(
  comment: ReviewComment,
  { resolved, by, now }: { readonly resolved: boolean; readonly by: string; readonly now: number },
): ReviewComment {
  if (comment.state === 'draft') throw refused('id', `comment ${comment.id} is a draft; delete it instead`);
  if (resolved === (comment.state === 'resolved')) return comment;
  const { resolvedBy: _, ...rest } = comment;
  return resolved
    ? { ...rest, state: 'resolved', resolvedBy: by, updatedAt: now }
    : { ...rest, state: 'open', updatedAt: now };
}

function refused(field: string, reason: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', `The comment is not valid: ${reason}.`, { field, reason });
}
