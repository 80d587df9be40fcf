import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import { inPart } from '../../base/partPath.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { projectOfThread } from '../projects/projectOfThread.js';
import type { MessageStores } from '../messages/messageStore.js';
import type { Store } from '../store.js';
import type { DispatchService, Dispatched } from '../threads/dispatchService.js';
import { requireNoPart } from '../threads/partLookup.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadStores } from '../threads/threadStore.js';
import { changeRequestText, type PlacedComment } from './changeRequest.js';
import type { ReviewComment } from './comment.js';
import type { CommentService } from './commentService.js';

export interface ChangeRequest {
  /** What is said besides the comments. */
  readonly note: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string | undefined;
  /** Also what was sent before and is still open. */
  readonly again?: boolean;
  /** Who goes on with it; without one the author. */
  readonly agent?: string | undefined;
}

export interface RequestChangesOptions {
  readonly store: Store<ThreadStores & ProjectStores & MessageStores>;
  readonly comments: Pick<CommentService, 'list'>;
  readonly dispatcher: Pick<DispatchService, 'dispatch'>;
}

/** Sends what a reviewer has written to the author of the changes, whose conversation goes on with it. */
export class RequestChanges {
  readonly #options: RequestChangesOptions;

  constructor(options: RequestChangesOptions) {
    this.#options = options;
  }

  /**
   * All drafts of the thread as one message, with `again` also its open discussions. Errors: `request.invalid` when there is nothing
   * to say, those of dispatching.
   * Asked again with the same key it answers what was sent the first time.
   */
  async send(thread: string, request: ChangeRequest): Promise<Dispatched> {
    const { note, environment, idempotencyKey, again = false, agent } = request;
    const { store, comments, dispatcher } = this.#options;
    const { author, id, parts, project, summary, wasSent } = store.read(stores => {
      const { thread: found } = findThread(stores, thread);
      requireNoPart(stores, found.id);
      return {
        id: found.id,
        parts: stores.parts.ofWhole(found.id),
        author: found.agent,
        summary: found.summary,
        project: projectOfThread(stores, found),
        wasSent: idempotencyKey !== undefined && stores.messages.byIdempotencyKey(idempotencyKey) !== undefined,
      };
    });
    const all = [...(await comments.list(id))];
    for (const { thread: part, name } of parts)
      all.push(...(await comments.list(part)).map(placed => inRepository(name, placed)));
    const points = all.filter(({ comment }) => isDraft(comment) || (again && isOpen(comment)));
    const words = note.trim();
    if (points.length === 0 && words === '' && !wasSent) {
      throw new AppError(
        'request.invalid',
        `Thread ${id} has no comments that were not sent yet. Write one, or say what is to change.`,
        { field: 'note', reason: 'there is nothing to send' },
      );
    }
    return await dispatcher.dispatch({
      project,
      agent: agent ?? author,
      thread: id,
      summary,
      intent: 'changes-requested',
      prompt: changeRequestText(words, points),
      carries: points.map(({ comment }) => comment.id),
      context: [],
      environment,
      ...defined({ idempotencyKey }),
    });
  }
}

/** A comment on a file of another repository, as its agent is told of it. */
function inRepository(name: string, placed: PlacedComment): PlacedComment {
  const { comment } = placed;
  return { ...placed, comment: { ...comment, place: { ...comment.place, path: inPart(name, comment.place.path) } } };
}

function isDraft({ state }: ReviewComment): boolean {
  return state === 'draft';
}

/** A discussion that was sent and that nobody has resolved; its answers are said in it. */
function isOpen({ state, replyTo }: ReviewComment): boolean {
  return state === 'open' && replyTo === undefined;
}
