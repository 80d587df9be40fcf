import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { EventStores } from '../events/eventLog.js';
import { person } from '../messages/message.js';
import type { Store } from '../store.js';
import { requireWhole } from '../threads/idleThread.js';
import { partsOf } from '../threads/partLookup.js';
import { threadClosed } from '../threads/removedWork.js';
import type { Thread } from '../threads/thread.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import type { ChangesService } from './changesService.js';
import type { ReviewStores } from './reviewStore.js';
import { undoing } from './undoing.js';

interface StagingServiceOptions {
  readonly store: Store<ThreadStores & ReviewStores & EventStores>;
  readonly clock: Clock;
  readonly driver: Pick<WorktreeDriver, 'takeBack'>;
  readonly settler: Pick<ThreadSettler, 'settled' | 'snapshot'>;
  readonly changes: Pick<ChangesService, 'list'>;
}

/** What a commit of staged pieces came to. */
export interface StagedCommit {
  readonly head: string;
  /** Pieces that the thread has left, and those that were left out. */
  readonly kept: number;
  readonly leftOut: number;
}

/**
 * Takes part of what a thread changed. A person stages pieces one by one, for as long as they like; then one commit makes the thread
 * what they staged and nothing else. What was left out stays in the history of the branch.
 */
export class StagingService {
  readonly #options: StagingServiceOptions;

  constructor(options: StagingServiceOptions) {
    this.#options = options;
  }

  /** Who stages a piece has looked at it. Errors: `thread.closed`, `request.invalid` (a piece is not among the thread's changes). */
  async stage(id: string, hunks: readonly string[], signal?: AbortSignal): Promise<void> {
    const { store, clock, changes } = this.#options;
    const { files } = await changes.list(id, { signal });
    const there = new Set(files.flatMap(file => file.hunks.map(({ key }) => key)));
    if (!hunks.every(key => there.has(key))) throw notThere();
    const now = clock.now();
    store.transact(stores => {
      const { thread } = findThread(stores, id);
      requireOpen(thread);
      stores.reviews.setStaged(thread.id, hunks, now);
      stores.reviews.setReviewed(thread.id, hunks, now);
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, now);
    });
  }

  /** None named: everything. */
  unstage(id: string, hunks: readonly string[]): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const { thread } = findThread(stores, id);
      const which = hunks.length > 0 ? hunks : stores.reviews.stagedHunks(thread.id);
      stores.reviews.setStaged(thread.id, which, undefined);
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, clock.now());
    });
  }

  /**
   * Leaves of the thread's changes those that are staged, as a commit on its branch. A host that is killed in between leaves all of it in
   * the branch's history, and what is staged staged. Errors: `thread.busy`, `thread.closed`, `request.invalid` (nothing is staged).
   */
  async commit(id: string, message: string, signal?: AbortSignal): Promise<StagedCommit> {
    const { store, settler, changes, driver } = this.#options;
    const found = store.read(stores => findThread(stores, id));
    await settler.settled(found.thread.id);
    const { thread, shown } = requireWhole(store.read(stores => findThread(stores, found.thread.id)));
    requireOpen(thread);
    const before = await settler.snapshot(thread, `${thread.summary}\n\nEdits made during review, kept by Muster.`);
    const ref = worktreeOf(thread);
    if (!ref || before === undefined) throw noWorktree(thread);
    const { baseCommit, files } = await changes.list(thread.id, { signal });
    const pieces = files.flatMap(({ hunks }) => hunks);
    const rest = pieces.filter(({ staged }) => !staged).map(({ key }) => key);
    if (rest.length === pieces.length) throw nothingStaged();
    let head: string | undefined = before;
    if (rest.length > 0) {
      const undone = { base: baseCommit, ...undoing(files, rest), ...(signal === undefined ? {} : { signal }) };
      await driver.takeBack(ref, undone);
      head = await settler.snapshot(store.read(stores => findThread(stores, thread.id)).thread, message);
      if (head === undefined) throw noWorktree(thread);
    }
    this.#committed(thread, { head, isSeen: shown?.commit === before });
    return { head, kept: pieces.length - rest.length, leftOut: rest.length };
  }

  /** Nothing is staged any more; who had seen all of it has seen this too. */
  #committed({ id: threadId }: Thread, { head, isSeen }: { readonly head: string; readonly isSeen: boolean }): void {
    const { store, clock } = this.#options;
    const at = clock.now();
    store.transact(stores => {
      stores.reviews.setStaged(threadId, stores.reviews.stagedHunks(threadId), undefined);
      if (isSeen) stores.reviews.record({ threadId, commit: head, verdict: 'shown', by: person, at });
      stores.events.append({ kind: 'thread_changed', threadId }, at);
    });
  }
}

/**
 * What is staged is neither all of a thread nor a commit of it: nobody knows what they approve then. Errors: `review.staged`.
 */
export function requireNothingStaged(stores: ReviewStores & ThreadStores, { id }: Pick<Thread, 'id'>): void {
  const all = [id, ...partsOf(stores, id).map(({ thread }) => thread.id)];
  const staged = all.reduce((sum, each) => sum + stores.reviews.stagedHunks(each).size, 0);
  if (staged === 0) return;
  const what = staged === 1 ? 'One change is' : `${staged} changes are`;
  throw new AppError('review.staged', `${what} staged in thread ${id}. Commit what is staged first, or unstage it.`, {
    thread: id,
    staged,
  });
}

function requireOpen(thread: Thread): void {
  if (thread.outcome !== 'open') throw threadClosed(thread, `Thread ${thread.id} is ${thread.outcome}`);
}

/** Compared with what was seen last, a piece is another one than compared with the base. */
function notThere(): AppError<'request.invalid'> {
  const text = 'What was to be staged is not among all that the thread has changed. Look at the whole review.';
  return new AppError('request.invalid', text, { field: 'hunks', reason: 'no such change' });
}

function nothingStaged(): AppError<'request.invalid'> {
  const reason = 'nothing is staged';
  return new AppError('request.invalid', 'Nothing of the thread’s changes is staged.', { field: 'thread_id', reason });
}
