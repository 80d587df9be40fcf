import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import { inPart } from '../../base/partPath.js';
import type { Clock } from '../../base/clock.js';
import type { ThreadId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import type { Store } from '../store.js';
import { isThreadIdle, requireWhole } from '../threads/idleThread.js';
import { partsOf, requireNoPart } from '../threads/partLookup.js';
import type { Thread } from '../threads/thread.js';
import { findThread } from '../threads/threadLookup.js';
import { threadClosed } from '../threads/removedWork.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import type { Verdict } from './review.js';
import type { ReviewStores } from './reviewStore.js';
import { requireNothingStaged } from './stagingService.js';

/** Who a person at this machine is in a verdict. */
const person = 'you';
/** A file that a reviewer corrects by hand is no larger than this. */
const maxEditBytes = 20_000_000;

/** A file as the reviewer saved it in the open review. */
export interface ReviewEdit {
  readonly path: string;
  /** Hexadecimal SHA-256 of the contents. */
  readonly sha256: string;
}

export interface Approval {
  /** The commit that the person had in front of them; missing: they approve whatever is there. */
  readonly shown?: string;
  /** What they wrote themselves since: it counts as seen. */
  readonly edits?: readonly ReviewEdit[];
}

export interface ReviewServiceOptions {
  readonly store: Store<ThreadStores & ReviewStores & EventStores>;
  readonly clock: Clock;
  readonly settler: ThreadSettler;
  readonly driver: WorktreeDriver;
  /** Hexadecimal SHA-256. */
  readonly digest: (content: Uint8Array) => string;
}

/** A thread in front of a person. */
export interface Shown {
  readonly view: ThreadView;
  /** An agent is at work on it: what is seen may change, and nothing was kept. */
  readonly live: boolean;
  /** What the person saw of it before. */
  readonly earlier?: string;
}

/** What people make of a thread's commits: stored with the thread, so that every window and terminal knows it. */
export class ReviewService {
  readonly #options: ReviewServiceOptions;

  constructor(options: ReviewServiceOptions) {
    this.#options = options;
  }

  /**
   * Puts a thread in front of a person. While nothing works on it, what is not committed is snapshotted first, so that what
   * they see is a commit, and kept as shown. `live`: an agent may still change what they see, so nothing is kept.
   */
  async show(id: string): Promise<Shown> {
    const { store, settler } = this.#options;
    const { thread } = store.read(stores => findThread(stores, id));
    await settler.settledForLooking(thread.id);
    const found = store.read(stores => findThread(stores, thread.id));
    // What is half merged is no commit yet, and a person still changes it.
    if (!isThreadIdle(found) || found.handMerge !== undefined) return this.#withEarlier({ view: found, live: true });
    if (found.thread.outcome !== 'open') return this.#withEarlier({ view: found, live: false });
    // What it has of other repositories is shown when it is asked for; what there is to be seen is a commit by then.
    for (const { thread: part } of found.parts) await this.#snapshot(part);
    const head = await this.#snapshot(found.thread);
    const view = head === undefined ? found : this.#record(thread.id, head, 'shown');
    return this.#withEarlier({ view, live: false });
  }

  /** The commit that the person saw last, of those that are not the thread's present one. */
  earlierOf({ thread: { id, head = '' } }: ThreadView): string | undefined {
    return this.#options.store.read(stores => stores.reviews.earlierCommit(id, head));
  }

  #withEarlier(shown: Omit<Shown, 'earlier'>): Shown {
    return { ...shown, ...defined({ earlier: this.earlierOf(shown.view) }) };
  }

  /**
   * Commits uncommitted work and takes it as approved. What differs from the commit that was shown must be what the person
   * wrote themselves. Errors: `thread.busy`, `merge.byHand`, `worktree.missing`, `review.outdated`, `review.staged`.
   */
  async approve(id: string, { shown, edits = [] }: Approval = {}): Promise<{ view: ThreadView; head: string }> {
    const { store, settler } = this.#options;
    const found = store.read(stores => findThread(stores, id));
    await settler.settled(found.thread.id);
    const { thread } = requireWhole(store.read(stores => findThread(stores, found.thread.id)));
    store.read(stores => requireNoPart(stores, thread.id));
    store.read(stores => requireNothingStaged(stores, thread));
    if (thread.outcome === 'abandoned') throw threadClosed(thread, `Thread ${thread.id} was abandoned`);
    const parts = await this.#approvedParts(thread, { shown, edits });
    const head = await this.#snapshot(thread);
    if (head === undefined) throw noWorktree(thread);
    if (shown !== undefined && shown !== head) await this.#requireSeen(thread, { shown, head, edits });
    for (const each of [...parts, { id: thread.id, head }]) {
      this.#record(each.id, each.head, 'shown');
      this.#record(each.id, each.head, 'approved');
    }
    return { view: store.read(stores => findThread(stores, thread.id)), head };
  }

  /**
   * What a thread has of other repositories is approved with it: what was shown of them when it was, or what is there for somebody
   * who approves whatever that is. Edits are named as {@link inPart} does.
   */
  async #approvedParts(
    whole: Thread,
    { shown, edits = [] }: Approval,
  ): Promise<readonly { readonly id: ThreadId; readonly head: string }[]> {
    const approved: { readonly id: ThreadId; readonly head: string }[] = [];
    for (const { part, thread } of this.#options.store.read(stores => partsOf(stores, whole.id))) {
      const head = await this.#snapshot(thread);
      if (head === undefined) throw noWorktree(thread);
      const seen = this.#options.store.read(stores => findThread(stores, thread.id)).shown?.commit;
      const own = edits.flatMap(({ path, sha256 }) =>
        path.startsWith(inPart(part.name, '')) ? [{ path: path.slice(inPart(part.name, '').length), sha256 }] : [],
      );
      const before = seen ?? thread.baseCommit;
      if (shown !== undefined && before !== undefined && before !== head)
        await this.#requireSeen(thread, { shown: before, head, edits: own });
      approved.push({ id: thread.id, head });
    }
    return approved;
  }

  async #snapshot(thread: Thread): Promise<string | undefined> {
    const message = `${thread.summary}\n\nEdits made during review, kept by Muster.`;
    return await this.#options.settler.snapshot(thread, message);
  }

  async #requireSeen(
    thread: Thread,
    { shown, head, edits }: { readonly shown: string; readonly head: string; readonly edits: readonly ReviewEdit[] },
  ): Promise<void> {
    const { driver, digest } = this.#options;
    const { repository } = thread;
    if (repository === undefined) throw noWorktree(thread);
    const changed = await driver.committedChanges(repository, { base: shown, head });
    const unseen: string[] = [];
    for (const { path } of changed) {
      const edit = edits.find(each => each.path === path);
      const file = edit && (await driver.show(repository, head, path, { maxBytes: maxEditBytes }));
      if (file?.kind !== 'file' || digest(file.content) !== edit?.sha256) unseen.push(path);
    }
    if (unseen.length === 0) return;
    throw new AppError(
      'review.outdated',
      `Thread ${thread.id} has changed since it was reviewed: ${unseen.slice(0, 5).join(', ')}${unseen.length > 5 ? ' and more' : ''}. Review it again.`,
      { thread: thread.id, files: unseen.slice(0, 100) },
    );
  }

  #record(threadId: ThreadId, commit: string, verdict: Verdict): ThreadView {
    const { store, clock } = this.#options;
    const at = clock.now();
    return store.transact(stores => {
      stores.reviews.record({ threadId, commit, verdict, by: person, at });
      stores.events.append({ kind: 'thread_changed', threadId }, at);
      return findThread(stores, threadId);
    });
  }
}
