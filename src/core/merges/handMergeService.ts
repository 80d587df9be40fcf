import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { EventStores } from '../events/eventLog.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { requireIdle } from '../threads/idleThread.js';
import type { Thread } from '../threads/thread.js';
import { requireOneRepository } from '../threads/partLookup.js';
import { findThread, findThreadAlone } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import { worktreeOf, type WorkspaceService } from '../workspaces/workspaceService.js';
import type { WorktreeRef } from '../workspaces/worktreeDriver.js';
import type { HandMerge, HandMergeDriver } from './handMerge.js';
import { noTarget } from './mergeRequest.js';
import { targetOf } from './mergeTarget.js';
import type { OpenHandMerge, OpenHandMergeStores } from './openHandMerge.js';

interface HandMergeServiceOptions {
  readonly store: Store<ProjectStores & ThreadStores & OpenHandMergeStores & EventStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly driver: HandMergeDriver;
  readonly settler: Pick<ThreadSettler, 'settled' | 'snapshot'>;
  readonly workspaces: Pick<WorkspaceService, 'exclusive'>;
}

interface Subject {
  readonly thread: Thread;
  readonly worktree: WorktreeRef;
  readonly target: string;
}

/** Conflicts of a thread with its target that a person resolves in the thread's worktree. */
export class HandMergeService {
  readonly #options: HandMergeServiceOptions;

  constructor(options: HandMergeServiceOptions) {
    this.#options = options;
  }

  /**
   * Merges the target into the worktree and leaves the conflicts there; uncommitted work is committed first. `undefined`: it has all
   * of the target now. Errors: `thread.*`, `worktree.*`, `merge.refused` (no target).
   */
  async begin(
    id: string,
  ): Promise<{ readonly view: ThreadView; readonly target: string; readonly merge: HandMerge | undefined }> {
    return await this.#with(id, async ({ thread, worktree, target }) => {
      const { driver, clock } = this.#options;
      // Before git begins: nobody is to be let in meanwhile, nor after a host that is killed in between.
      this.#note(thread, { threadId: thread.id, target, begunAt: clock.now() });
      try {
        const merge = await this.#merge({ thread, worktree, target });
        if (merge === undefined) this.#note(thread, undefined);
        return { view: this.#view(thread), target, merge };
      } catch (error) {
        // Where git cannot say, it stays as it was noted.
        if (!(await driver.isUnderWay(worktree).catch(() => true))) this.#note(thread, undefined);
        throw error;
      }
    });
  }

  /** One that was begun before goes on: what is in conflict is no work that could not be committed. */
  async #merge({ thread, worktree, target }: Subject): Promise<HandMerge | undefined> {
    const { settler, driver } = this.#options;
    const message = `Merge branch '${target}' into ${worktree.branch}`;
    if (!(await driver.isUnderWay(worktree)))
      await settler.snapshot(thread, `${thread.summary}\n\nWork kept by Muster before a merge by hand.`);
    const merge = await driver.begin(worktree, { target, message });
    if (merge === undefined) await settler.snapshot(thread, message);
    return merge;
  }

  /** Commits what the person made of the conflicts. Errors: `thread.*`, `worktree.unfinished`, `worktree.failed`. */
  async finish(id: string): Promise<{ readonly view: ThreadView; readonly target: string }> {
    return await this.#with(id, async ({ thread, worktree, target }) => {
      if (await this.#isLeft(thread, worktree)) await this.#options.driver.finish(worktree);
      await this.#ended(thread);
      this.#tell(thread, target);
      return { view: this.#view(thread), target };
    });
  }

  /** Errors: `thread.*`, `worktree.failed`. */
  async abandon(id: string): Promise<{ readonly view: ThreadView; readonly target: string }> {
    return await this.#with(id, async ({ thread, worktree, target }) => {
      if (await this.#isLeft(thread, worktree)) await this.#options.driver.abandon(worktree);
      await this.#ended(thread);
      return { view: this.#view(thread), target };
    });
  }

  /**
   * Somebody looks at the thread, or is about to work on it: what a person has ended in a terminal is over. Where git cannot say, it
   * stays as it was noted. Errors: `thread.unknown`, `thread.ambiguous`.
   */
  async lookedAt(id: string): Promise<void> {
    const { store, driver, log } = this.#options;
    const { thread, merge } = store.read(stores => {
      const found = findThreadAlone(stores, id);
      return { thread: found, merge: stores.handMerges.ofThread(found.id) };
    });
    const worktree = worktreeOf(thread);
    if (merge === undefined || !worktree) return;
    try {
      if (await driver.isUnderWay(worktree)) return;
      await this.#with(id, async subject => {
        if (!(await driver.isUnderWay(subject.worktree))) await this.#ended(subject.thread);
      });
    } catch (error) {
      log.warn('Whether a merge by hand has ended is not known', { thread: id, reason: errorMessage(error) });
    }
  }

  /** Whether git has still something to end; without that, one that was noted was ended in a terminal. */
  async #isLeft({ id }: Thread, worktree: WorktreeRef): Promise<boolean> {
    const { store, driver } = this.#options;
    const noted = store.read(stores => stores.handMerges.ofThread(id)) !== undefined;
    return !noted || (await driver.isUnderWay(worktree));
  }

  /** Head and counts are those of what was resolved. */
  async #ended(thread: Thread): Promise<void> {
    await this.#options.settler.snapshot(thread, thread.summary);
    this.#note(thread, undefined);
  }

  #note({ id }: Thread, merge: OpenHandMerge | undefined): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const before = stores.handMerges.ofThread(id);
      if (merge === undefined && before === undefined) return;
      if (merge === undefined) stores.handMerges.remove(id);
      else stores.handMerges.save({ ...merge, begunAt: before?.begunAt ?? merge.begunAt });
      stores.events.append({ kind: 'thread_changed', threadId: id }, clock.now());
    });
  }

  /** The conversation says what agents did; that a person had a hand in its commits is told beside it. */
  #tell({ id }: Thread, target: string): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const { thread } = findThread(stores, id);
      const at = thread.head === undefined ? '' : `, at ${thread.head.slice(0, 8)}`;
      const notes = [...(thread.notes ?? []), `You merged ${target} into it by hand${at}.`];
      stores.threads.update({ ...thread, notes, updatedAt: clock.now() });
      stores.events.append({ kind: 'thread_changed', threadId: id }, clock.now());
    });
  }

  async #with<T>(id: string, work: (subject: Subject) => Promise<T>): Promise<T> {
    const { store, settler, workspaces } = this.#options;
    const found = store.read(stores => findThreadAlone(stores, id));
    store.read(stores => requireOneRepository(stores, found.id, 'Resolving conflicts in the merge editor'));
    await settler.settled(found.id);
    return await workspaces.exclusive(found.id, async () => {
      const { thread } = requireIdle(store.read(stores => findThread(stores, found.id)));
      const target = store.read(stores => targetOf(stores, thread));
      const worktree = worktreeOf(thread);
      if (target === undefined) throw noTarget(thread);
      if (!worktree) throw noWorktree(thread);
      return await work({ thread, worktree, target });
    });
  }

  #view({ id }: Thread): ThreadView {
    return this.#options.store.read(stores => findThread(stores, id));
  }
}
