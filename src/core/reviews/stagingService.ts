import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
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
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import type { WorktreeDriver, WorktreeRef } from '../workspaces/worktreeDriver.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import type { ChangesService, ReviewedFile } from './changesService.js';
import { keysByThread, repositoriesOf } from './partKeys.js';
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

interface LookedAt {
  readonly thread: Thread;
  readonly ref: WorktreeRef;
  readonly before: string;
  /** Whether the person had been shown all of it. */
  readonly isSeen: boolean;
  readonly baseCommit: string;
  readonly files: readonly ReviewedFile[];
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
    const wanted = keysByThread(this.#view(id), hunks);
    for (const [thread, keys] of wanted) {
      const { files } = await changes.list(thread, { signal });
      const there = new Set(files.flatMap(file => file.hunks.map(({ key }) => key)));
      if (!keys.every(key => there.has(key))) throw notThere();
    }
    const now = clock.now();
    store.transact(stores => {
      requireOpen(findThread(stores, id).thread);
      for (const [thread, keys] of wanted) {
        stores.reviews.setStaged(thread, keys, now);
        stores.reviews.setReviewed(thread, keys, now);
        stores.events.append({ kind: 'thread_changed', threadId: thread }, now);
      }
    });
  }

  /** None named: everything. */
  unstage(id: string, hunks: readonly string[]): void {
    const { store, clock } = this.#options;
    const view = this.#view(id);
    const now = clock.now();
    store.transact(stores => {
      const all = (): (readonly [ThreadId, readonly string[]])[] =>
        repositoriesOf(view).map(({ id: thread }) => [thread, [...stores.reviews.stagedHunks(thread)]]);
      for (const [thread, keys] of hunks.length > 0 ? keysByThread(view, hunks) : all()) {
        stores.reviews.setStaged(thread, keys, undefined);
        stores.events.append({ kind: 'thread_changed', threadId: thread }, now);
      }
    });
  }

  /**
   * Leaves of the thread's changes those that are staged, as a commit on its branch in each of its repositories. A host that is killed in
   * between leaves all of it in the branches' history, and what is staged staged, so that it can be asked for again. Errors: `thread.busy`,
   * `thread.closed`, `request.invalid` (nothing is staged).
   */
  async commit(id: string, message: string, signal?: AbortSignal): Promise<StagedCommit> {
    const { settler } = this.#options;
    await settler.settled(this.#view(id).thread.id);
    // A repository in which nothing has landed is as open as the thread.
    requireOpen(this.#view(id).thread);
    const looked: LookedAt[] = [];
    for (const { id: thread } of repositoriesOf(this.#view(id))) looked.push(await this.#lookAt(thread, signal));
    const pieces = looked.flatMap(({ files }) => files.flatMap(({ hunks }) => hunks));
    const kept = pieces.filter(({ staged }) => staged).length;
    if (kept === 0) throw nothingStaged();
    const left: { readonly of: LookedAt; readonly head: string }[] = [];
    for (const of of looked) left.push({ of, head: await this.#leave(of, message, signal) });
    this.#committed(left);
    return { head: left[0]?.head ?? '', kept, leftOut: pieces.length - kept };
  }

  /** What a thread has changed in one repository, all of it committed. */
  async #lookAt(id: ThreadId, signal: AbortSignal | undefined): Promise<LookedAt> {
    const { settler, changes } = this.#options;
    const { thread, shown } = requireWhole(this.#view(id));
    const before = await settler.snapshot(thread, `${thread.summary}\n\nEdits made during review, kept by Muster.`);
    const ref = worktreeOf(thread);
    if (!ref || before === undefined) throw noWorktree(thread);
    const { baseCommit, files } = await changes.list(id, { signal });
    return { thread, ref, before, isSeen: shown?.commit === before, baseCommit, files };
  }

  /** The head of a repository, with what is not staged taken back. */
  async #leave(
    { thread, ref, before, baseCommit, files }: LookedAt,
    message: string,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const { settler, driver } = this.#options;
    const rest = files.flatMap(({ hunks }) => hunks.filter(({ staged }) => !staged).map(({ key }) => key));
    if (rest.length === 0) return before;
    const undone = { base: baseCommit, ...undoing(files, rest), ...(signal === undefined ? {} : { signal }) };
    await driver.takeBack(ref, undone);
    const head = await settler.snapshot(this.#view(thread.id).thread, message);
    if (head === undefined) throw noWorktree(thread);
    return head;
  }

  /**
   * Nothing is staged any more, in all repositories at once: what was kept of one would be taken for left out by whoever asks again. Who
   * had seen all of it has seen this too.
   */
  #committed(left: readonly { readonly of: LookedAt; readonly head: string }[]): void {
    const { store, clock } = this.#options;
    const at = clock.now();
    store.transact(stores => {
      for (const { of, head } of left) {
        const { id: threadId } = of.thread;
        stores.reviews.setStaged(threadId, stores.reviews.stagedHunks(threadId), undefined);
        if (of.isSeen) stores.reviews.record({ threadId, commit: head, verdict: 'shown', by: person, at });
        stores.events.append({ kind: 'thread_changed', threadId }, at);
      }
    });
  }

  #view(id: string): ThreadView {
    return this.#options.store.read(stores => findThread(stores, id));
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
