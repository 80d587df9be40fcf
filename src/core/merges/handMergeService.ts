import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { requireIdle } from '../threads/idleThread.js';
import type { Thread } from '../threads/thread.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import { worktreeOf, type WorkspaceService } from '../workspaces/workspaceService.js';
import type { WorktreeRef } from '../workspaces/worktreeDriver.js';
import type { HandMerge, HandMergeDriver } from './handMerge.js';
import { noTarget } from './mergeRequest.js';
import { targetOf } from './mergeTarget.js';

interface HandMergeServiceOptions {
  readonly store: Store<ProjectStores & ThreadStores>;
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
      const { settler, driver } = this.#options;
      const message = `Merge branch '${target}' into ${worktree.branch}`;
      // One that was begun before goes on: what is in conflict is no work that could not be committed.
      if (!(await driver.isUnderWay(worktree)))
        await settler.snapshot(thread, `${thread.summary}\n\nWork kept by Muster before a merge by hand.`);
      const merge = await driver.begin(worktree, { target, message });
      if (merge === undefined) await settler.snapshot(thread, message);
      return { view: this.#view(thread), target, merge };
    });
  }

  /** Commits what the person made of the conflicts. Errors: `thread.*`, `worktree.unfinished`, `worktree.failed`. */
  async finish(id: string): Promise<{ readonly view: ThreadView; readonly target: string }> {
    return await this.#with(id, async ({ thread, worktree, target }) => {
      await this.#options.driver.finish(worktree);
      // Head and counts are those of what was resolved.
      await this.#options.settler.snapshot(thread, thread.summary);
      return { view: this.#view(thread), target };
    });
  }

  /** Errors: `thread.*`, `worktree.failed`. */
  async abandon(id: string): Promise<{ readonly view: ThreadView; readonly target: string }> {
    return await this.#with(id, async ({ thread, worktree, target }) => {
      await this.#options.driver.abandon(worktree);
      await this.#options.settler.snapshot(thread, thread.summary);
      return { view: this.#view(thread), target };
    });
  }

  async #with<T>(id: string, work: (subject: Subject) => Promise<T>): Promise<T> {
    const { store, settler, workspaces } = this.#options;
    const { thread: found } = store.read(stores => findThread(stores, id));
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
