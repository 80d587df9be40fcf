import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import { person } from '../messages/message.js';
import type { Store } from '../store.js';
import { requireWhole } from '../threads/idleThread.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import type { CommentService } from './commentService.js';
import type { ReviewStores } from './reviewStore.js';
import { suggestionIn, suggestionPatch } from './suggestion.js';

/** Larger files are not changed line by line. */
const maxFileBytes = 20_000_000;

interface SuggestionServiceOptions {
  readonly store: Store<ThreadStores & ReviewStores & EventStores>;
  readonly clock: Clock;
  readonly driver: Pick<WorktreeDriver, 'show' | 'takeBack'>;
  readonly settler: Pick<ThreadSettler, 'settled' | 'snapshot'>;
  readonly comments: Pick<CommentService, 'list' | 'resolve' | 'remove'>;
  readonly decode: (content: Uint8Array) => string;
}

/** Puts into a thread's files what a comment suggests. */
export class SuggestionService {
  readonly #options: SuggestionServiceOptions;

  constructor(options: SuggestionServiceOptions) {
    this.#options = options;
  }

  /**
   * Applies the suggestion of a comment where its lines are now, as a commit on the thread's branch; the comment is resolved then, and
   * a draft is taken away. Errors: `thread.*`, `request.invalid` (it suggests nothing, or its lines are gone).
   */
  async apply(id: string, commentId: string, signal?: AbortSignal): Promise<string> {
    const { store, settler, driver, comments, decode } = this.#options;
    const found = store.read(stores => findThread(stores, id));
    await settler.settled(found.thread.id);
    const { thread, shown } = requireWhole(store.read(stores => findThread(stores, found.thread.id)));
    const before = await settler.snapshot(thread, `${thread.summary}\n\nEdits made during review, kept by Muster.`);
    const ref = worktreeOf(thread);
    if (!ref || before === undefined || thread.repository === undefined) throw noWorktree(thread);
    const placed = await comments.list(thread.id, signal);
    const said = placed.find(
      ({ comment }) => comment.id === commentId || comment.id.startsWith(commentId.toLowerCase()),
    );
    const suggested = said && suggestionIn(said.comment.text);
    if (!said || suggested === undefined) throw refused('it suggests no code');
    const { path, side } = said.comment.place;
    if (side === 'base' || said.now === undefined) throw refused('the lines that it is about are not there any more');
    const file = await driver.show(thread.repository, before, path, { maxBytes: maxFileBytes });
    if (file.kind !== 'file') throw refused(`${path} cannot be read`);
    const patch = suggestionPatch(path, { text: decode(file.content).split('\n'), lines: said.now, suggested });
    await driver.takeBack(ref, { base: before, paths: [], patch, ...(signal === undefined ? {} : { signal }) });
    const now = store.read(stores => findThread(stores, thread.id)).thread;
    const head = await settler.snapshot(
      now,
      `${thread.summary}\n\nA suggestion by ${said.comment.author}, taken in review.`,
    );
    if (head === undefined) throw noWorktree(thread);
    if (said.comment.state === 'draft') comments.remove(thread.id, said.comment.id);
    else comments.resolve(thread.id, said.comment.id, true);
    if (shown?.commit === before) this.#seen(thread.id, head);
    return head;
  }

  /** Whoever had seen all of it has seen this too. */
  #seen(threadId: ThreadId, commit: string): void {
    const { store, clock } = this.#options;
    const at = clock.now();
    store.transact(stores => {
      stores.reviews.record({ threadId, commit, verdict: 'shown', by: person, at });
      stores.events.append({ kind: 'thread_changed', threadId }, at);
    });
  }
}

function refused(reason: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', `The suggestion was not applied: ${reason}.`, { field: 'comment_id', reason });
}
