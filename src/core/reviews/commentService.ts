import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import { isId, type IdSource, type ThreadId } from '../../base/ids.js';
import { anchorAt, locateAnchor, placeOfGone, type LineRange, type TextAnchor } from '../../base/textAnchor.js';
import type { EventStores } from '../events/eventLog.js';
import { person } from '../messages/message.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import type { PlacedComment } from './changeRequest.js';
import type { FindingComments } from './findingComments.js';
import { commentText, editComment, setResolved, type CommentSide, type ReviewComment } from './comment.js';
import type { CommentStores } from './commentStore.js';

/** Files above this are not commented line by line. */
const maxFileBytes = 20_000_000;
/** More than anybody writes; each costs a look when the review is opened. */
const maxPerThread = 2_000;

/** Lines of a file that a comment is about. */
export interface CommentTarget {
  readonly path: string;
  readonly side: CommentSide;
  readonly lines: LineRange;
  /** What stands there on the person's screen; missing: what the thread's commit has. */
  readonly anchor?: TextAnchor;
}

export interface CommentServiceOptions {
  readonly store: Store<ThreadStores & CommentStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly driver: Pick<WorktreeDriver, 'show'>;
  readonly decode: (content: Uint8Array) => string;
  /** Makes comments of what reviewers found. */
  readonly findings?: Pick<FindingComments, 'make'>;
}

/** What people and reviewers say about lines of a thread. */
export class CommentService {
  readonly #options: CommentServiceOptions;

  constructor(options: CommentServiceOptions) {
    this.#options = options;
  }

  /** Every comment of a thread with the place where its lines are now. */
  async list(thread: string, signal?: AbortSignal): Promise<readonly PlacedComment[]> {
    const { store, findings } = this.#options;
    const { thread: found } = store.read(stores => findThread(stores, thread));
    await findings?.make(found.id);
    const comments = store.read(stores => stores.comments.ofThread(found.id));
    return await this.#place(found, comments, signal);
  }

  /** A new draft. Errors: `thread.unknown`, `request.invalid`, `worktree.missing`. */
  async add(thread: string, target: CommentTarget, text: string): Promise<ReviewComment> {
    const { store, clock, ids } = this.#options;
    const words = commentText(text);
    const { thread: found } = store.read(stores => findThread(stores, thread));
    const { path, side } = target;
    const commit = commitOf(found, side);
    const anchor = target.anchor ?? anchorWithin(await this.#linesAt(found, commit, path), path, target.lines);
    const now = clock.now();
    const comment: ReviewComment = {
      id: ids.next(),
      threadId: found.id,
      place: { path, side, anchor, commit },
      author: person,
      text: words,
      state: 'draft',
      createdAt: now,
      updatedAt: now,
    };
    this.#save(comment);
    return comment;
  }

  /** A draft that answers a comment. Errors: as {@link add}. */
  reply(thread: string, to: string, text: string): ReviewComment {
    const { clock, ids } = this.#options;
    const said = this.#find(thread, to);
    const now = clock.now();
    const comment: ReviewComment = {
      id: ids.next(),
      threadId: said.threadId,
      place: said.place,
      replyTo: said.replyTo ?? said.id,
      author: person,
      text: commentText(text),
      state: 'draft',
      createdAt: now,
      updatedAt: now,
    };
    this.#save(comment);
    return comment;
  }

  /** Other words for a draft. */
  edit(thread: string, id: string, text: string): ReviewComment {
    const comment = editComment(this.#find(thread, id), text, this.#options.clock.now());
    this.#save(comment);
    return comment;
  }

  /** Takes a draft away; what was sent stays. */
  remove(thread: string, id: string): void {
    const { store, clock } = this.#options;
    const comment = this.#find(thread, id);
    if (comment.state !== 'draft') {
      throw new AppError('request.invalid', `Comment ${comment.id} was sent. Resolve it instead.`, {
        field: 'id',
        reason: 'it was sent',
      });
    }
    store.transact(stores => {
      stores.comments.remove(comment.id);
      stores.events.append({ kind: 'thread_changed', threadId: comment.threadId }, clock.now());
    });
  }

  /** Resolves the discussion that a comment is part of, or opens it again. */
  resolve(thread: string, id: string, resolved: boolean): ReviewComment {
    const said = this.#find(thread, id);
    const root = said.replyTo === undefined ? said : this.#find(thread, said.replyTo);
    const comment = setResolved(root, { resolved, by: person, now: this.#options.clock.now() });
    this.#save(comment);
    return comment;
  }

  async #place(
    thread: Thread,
    comments: readonly ReviewComment[],
    signal?: AbortSignal,
  ): Promise<readonly PlacedComment[]> {
    const texts = new Map<string, Promise<readonly string[]>>();
    const roots = new Map(comments.map(comment => [comment.id, comment]));
    return await Promise.all(
      comments.map(async comment => {
        const { path, side, anchor } = comment.place;
        const key = `${side}:${path}`;
        const text = texts.get(key) ?? this.#linesOrNone(thread, { side, path }, signal);
        texts.set(key, text);
        const root = comment.replyTo === undefined ? undefined : roots.get(comment.replyTo);
        const now = locateAnchor(anchor, await text);
        const instead = now === undefined ? placeOfGone(anchor, await text) : undefined;
        return { comment, now, instead, ...(root === undefined ? {} : { root }) };
      }),
    );
  }

  async #linesOrNone(
    thread: Thread,
    { side, path }: { readonly side: CommentSide; readonly path: string },
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    const { repository, head, baseCommit } = thread;
    const commit = side === 'base' ? baseCommit : head;
    if (repository === undefined || commit === undefined) return [];
    const options = { maxBytes: maxFileBytes, ...(signal === undefined ? {} : { signal }) };
    const file = await this.#options.driver.show(repository, commit, path, options);
    return file.kind === 'file' ? this.#options.decode(file.content).split('\n') : [];
  }

  async #linesAt(thread: Thread, commit: string, path: string): Promise<readonly string[]> {
    const { repository } = thread;
    if (repository === undefined) throw noWorktree(thread);
    const file = await this.#options.driver.show(repository, commit, path, { maxBytes: maxFileBytes });
    if (file.kind === 'file') return this.#options.decode(file.content).split('\n');
    throw new AppError('request.invalid', `Thread ${thread.id} has no file ${JSON.stringify(path.slice(0, 200))}.`, {
      field: 'path',
      reason: file.kind,
    });
  }

  #find(thread: string, id: string): ReviewComment {
    return this.#options.store.read(stores => {
      const { thread: found } = findThread(stores, thread);
      return findComment(stores, found.id, id);
    });
  }

  #save(comment: ReviewComment): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      if (stores.comments.get(comment.id) === undefined) requireRoom(stores, comment.threadId);
      stores.comments.save(comment);
      stores.events.append({ kind: 'thread_changed', threadId: comment.threadId }, clock.now());
    });
  }
}

function requireRoom(stores: CommentStores, threadId: ThreadId): void {
  if (stores.comments.ofThread(threadId).length < maxPerThread) return;
  throw new AppError('request.invalid', `Thread ${threadId} has ${maxPerThread} comments. Resolve some instead.`, {
    field: 'thread_id',
    reason: 'too many comments',
  });
}

/** The comment of a thread whose id is, or uniquely begins with, `text`. Errors: `request.invalid`. */
function findComment(stores: CommentStores, threadId: ThreadId, text: string): ReviewComment {
  const prefix = text.toLowerCase();
  const exact = isId<'comment'>(prefix) ? stores.comments.get(prefix) : undefined;
  if (exact?.threadId === threadId) return exact;
  const matches: readonly ReviewComment[] = /^[0-9a-z]{1,12}$/.test(prefix)
    ? stores.comments.withPrefix(threadId, prefix)
    : [];
  const [only, ...others] = matches;
  if (only !== undefined && others.length === 0) return only;
  const shown = JSON.stringify(text.slice(0, 60));
  const reason = only === undefined ? 'there is no such comment' : 'it begins several ids';
  throw new AppError('request.invalid', `Thread ${threadId}: no comment is meant by ${shown} (${reason}).`, {
    field: 'id',
    reason,
  });
}

/** What follows the last line break is no line that a person could point at. */
function anchorWithin(text: readonly string[], path: string, lines: LineRange): TextAnchor {
  const count = Math.max(1, text.at(-1) === '' ? text.length - 1 : text.length);
  if (lines.start >= 1 && lines.end <= count) return anchorAt(text, lines);
  const asked = lines.start === lines.end ? `line ${lines.start}` : `lines ${lines.start} to ${lines.end}`;
  throw new AppError('request.invalid', `${path} has ${count} lines; there is no ${asked} in it.`, {
    field: 'line',
    reason: 'beyond the end of the file',
  });
}

function commitOf(thread: Thread, side: CommentSide): string {
  const commit = side === 'base' ? thread.baseCommit : thread.head;
  if (commit === undefined) throw noWorktree(thread);
  return commit;
}
