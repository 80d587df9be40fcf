import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { requireWhole } from '../threads/idleThread.js';
import type { Thread } from '../threads/thread.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import { worktreeOf, type WorkspaceService } from '../workspaces/workspaceService.js';
import type { LandedMerge, MergeDriver, UpdateRequest } from './mergeDriver.js';
import { noTarget } from './mergeRequest.js';
import { targetOf } from './mergeTarget.js';

/** A branch that moves more often than this meanwhile is somebody else's turn. */
const attempts = 5;

interface UpdateServiceOptions {
  readonly store: Store<ProjectStores & ThreadStores>;
  readonly ids: IdSource;
  readonly driver: MergeDriver;
  readonly settler: ThreadSettler;
  readonly workspaces: WorkspaceService;
}

/** Brings what the target has by now into a thread's branch. */
export class UpdateService {
  readonly #options: UpdateServiceOptions;

  constructor(options: UpdateServiceOptions) {
    this.#options = options;
  }

  /**
   * Merges the target into the thread's branch and its worktree, in each of its repositories; uncommitted work is committed first.
   * One repository that cannot be brought up to its target keeps the others from nothing, and is what the error names. `false`: the
   * thread has everything already. Errors: `thread.*`, `worktree.missing`, `merge.refused` (no target), `git.conflict` (nothing changed
   * there).
   */
  async update(id: string, signal: AbortSignal): Promise<{ readonly view: ThreadView; readonly updated: boolean }> {
    const { store } = this.#options;
    const { thread, parts } = store.read(stores => findThread(stores, id));
    let updated = false;
    let problem: unknown;
    for (const each of [thread, ...parts.map(part => part.thread)]) {
      try {
        updated = (await this.#updateOne(each.id, signal)) || updated;
      } catch (error) {
        problem ??= error;
      }
    }
    if (problem !== undefined) throw problem;
    return { view: store.read(stores => findThread(stores, thread.id)), updated };
  }

  async #updateOne(id: Thread['id'], signal: AbortSignal): Promise<boolean> {
    const { store, settler, workspaces } = this.#options;
    const { thread: found } = store.read(stores => findThread(stores, id));
    await settler.settled(found.id);
    return await workspaces.exclusive(found.id, async () => {
      const { thread } = requireWhole(store.read(stores => findThread(stores, found.id)));
      const target = store.read(stores => targetOf(stores, thread));
      if (target === undefined) throw noTarget(thread);
      const head = await settler.snapshot(thread, `${thread.summary}\n\nWork kept by Muster before an update.`);
      const worktree = worktreeOf(thread);
      if (head === undefined || !worktree) throw noWorktree(thread);
      const message = `Merge branch '${target}' into ${worktree.branch}\n`;
      const outcome = await this.#perform({ worktree, head, target, message }, signal);
      switch (outcome.kind) {
        case 'merged':
          // Counts and head are those of the updated branch.
          await settler.snapshot({ ...thread, head: outcome.commit }, message);
          return true;
        case 'conflicted':
          throw conflicts(thread, target, outcome.files);
        case 'blocked':
          if (outcome.reason !== 'nothing_to_merge') throw refused(thread, outcome.message);
          return false;
      }
    });
  }

  async #perform(
    request: Omit<UpdateRequest, 'id'>,
    signal: AbortSignal,
  ): Promise<Exclude<LandedMerge, { readonly kind: 'moved' }>> {
    const { driver, ids } = this.#options;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const outcome = await driver.update({ ...request, id: ids.next() }, signal);
      if (outcome.kind !== 'moved') return outcome;
    }
    const message = `${request.worktree.branch} moved ${attempts} times meanwhile.`;
    return { kind: 'blocked', reason: 'target_moved', message, files: [] };
  }
}

function conflicts(thread: Thread, target: string, files: readonly string[]): AppError<'git.conflict'> {
  return new AppError(
    'git.conflict',
    `Thread ${thread.id} and ${target} changed the same places in ${files.slice(0, 5).join(', ')}${files.length > 5 ? ' and more' : ''}. Nothing was changed. Ask its agent to merge ${target} and resolve them.`,
    { files },
  );
}

function refused(thread: Thread, message: string): AppError<'merge.refused'> {
  return new AppError('merge.refused', message, { thread: thread.id, reason: message });
}
