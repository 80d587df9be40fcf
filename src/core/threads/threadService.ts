import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import { isMergeActive } from '../merges/merge.js';
import { isRunActive } from '../runs/run.js';
import type { RunExecutor } from '../runs/runExecutor.js';
import { cancelQueuedRun } from '../runs/runTransitions.js';
import type { Store } from '../store.js';
import type { RemoveWorktree, Rescue, WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { worktreeOf, type WorkspaceService } from '../workspaces/workspaceService.js';
import type { Thread } from './thread.js';
import { findThread } from './threadLookup.js';
import type { ThreadSettler } from './threadSettler.js';
import type { ThreadView } from './threadStore.js';

export interface ThreadServiceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly executor: RunExecutor;
  readonly settler: ThreadSettler;
  readonly driver: WorktreeDriver;
  readonly workspaces: WorkspaceService;
  /** Called when a queued or running run ended here. */
  readonly onFreed: () => void;
}

/** What a person does with a thread after dispatch, except merging. Ids may be unique prefixes. */
export class ThreadService {
  readonly #options: ThreadServiceOptions;

  constructor(options: ThreadServiceOptions) {
    this.#options = options;
  }

  /** The thread with what its last run left committed. Errors: `thread.unknown`, `thread.ambiguous`. */
  async get(id: string): Promise<ThreadView> {
    const { store, settler } = this.#options;
    const { thread } = store.read(stores => findThread(stores, id));
    await settler.settled(thread.id);
    return store.read(stores => findThread(stores, thread.id));
  }

  /** Ends every queued or active run of the thread. Resolves when nothing of them is alive. */
  async cancel(id: string): Promise<ThreadView> {
    const { store, clock, executor, onFreed } = this.#options;
    const { active, threadId } = store.transact(stores => {
      const { thread } = findThread(stores, id);
      const runs = stores.runs.ofThread(thread.id).filter(run => isRunActive(run.status));
      for (const run of runs) {
        const cancelled = cancelQueuedRun(run, clock.now());
        if (cancelled === run) continue;
        stores.runs.update(cancelled);
        stores.events.append(
          { kind: 'run_changed', threadId: thread.id, runId: run.id, status: cancelled.status },
          clock.now(),
        );
      }
      return { active: runs.filter(run => run.status !== 'queued'), threadId: thread.id };
    });
    await Promise.all(active.map(run => executor.cancel(run.id)));
    onFreed();
    return await this.get(threadId);
  }

  /** Cancels, keeps everything under a rescue ref, then removes worktree and branch. Errors: `worktree.ignoredTooLarge`. */
  async abandon(id: string, options: RemoveWorktree = {}): Promise<ThreadView> {
    const { thread } = await this.cancel(id);
    this.#refuseWhileMerging(thread.id);
    const rescue = await this.#removeWorktree(thread, options);
    return this.#save(thread.id, current => ({ ...current, outcome: 'abandoned', ...rescue }));
  }

  /** Removes the worktree of a thread that stays as it is (its branch's work is kept under a rescue ref). */
  async removeWorktree(id: string, options: RemoveWorktree = {}): Promise<ThreadView> {
    const { thread } = await this.#idle(id);
    const rescue = await this.#removeWorktree(thread, options);
    return this.#save(thread.id, current => ({
      ...current,
      outcome: current.outcome === 'open' ? 'completed' : current.outcome,
      ...rescue,
    }));
  }

  /** Brings an abandoned thread back with its worktree and its uncommitted work. Errors: `rescue.unknown`, `worktree.failed`. */
  async restore(id: string): Promise<ThreadView> {
    const { thread } = await this.get(id);
    const { repository, branch, rescue } = thread;
    if (thread.worktree !== undefined || rescue === undefined || repository === undefined || branch === undefined) {
      throw new AppError(
        'rescue.unknown',
        `Thread ${thread.id} has nothing to restore: ${thread.worktree ? 'its worktree is there' : 'it never had a worktree'}.`,
        {
          rescue: rescue ?? '',
        },
      );
    }
    const path = this.#options.workspaces.pathOf(thread);
    const { head } = await this.#options.driver.restore(repository, rescue, { repository, branch, path });
    return this.#save(thread.id, current => ({ ...current, outcome: 'open', worktree: path, head, rescue: undefined }));
  }

  /** Closes the thread without merging; its worktree stays until it is removed. */
  async close(id: string): Promise<ThreadView> {
    const { thread } = await this.#idle(id);
    return this.#save(thread.id, current => ({ ...current, outcome: 'completed' }));
  }

  /** Commits uncommitted work and names the commit that a merge may then expect. */
  async approve(id: string): Promise<{ readonly view: ThreadView; readonly head: string }> {
    const { thread } = await this.#idle(id);
    const head = await this.#options.settler.snapshot(
      thread,
      `${thread.summary}\n\nEdits made during review, kept by Muster.`,
    );
    if (head === undefined) throw noWorktree(thread);
    return { view: await this.get(thread.id), head };
  }

  async #idle(id: string): Promise<ThreadView> {
    const view = await this.get(id);
    const run = view.latestRun;
    if (run && isRunActive(run.status)) {
      throw new AppError(
        'thread.busy',
        `${run.agent} is still at work on thread ${view.thread.id} (${run.status}). Wait for it or cancel it first.`,
        {
          thread: view.thread.id,
          status: run.status,
        },
      );
    }
    this.#refuseWhileMerging(view.thread.id);
    return view;
  }

  #refuseWhileMerging(id: ThreadId): void {
    const merge = this.#options.store.read(stores => stores.threads.view(id)?.latestMerge);
    if (!merge || !isMergeActive(merge.status)) return;
    throw new AppError('thread.busy', `Thread ${id} is being merged (${merge.status}). Wait for the merge to end.`, {
      thread: id,
      status: merge.status,
    });
  }

  async #removeWorktree(
    thread: Thread,
    options: RemoveWorktree,
  ): Promise<Pick<Thread, 'rescue' | 'worktree'> | undefined> {
    const ref = worktreeOf(thread);
    if (!ref) return undefined;
    const rescue: Rescue = await this.#options.driver.remove(ref, options);
    return { rescue: rescue.ref, worktree: undefined };
  }

  #save(id: ThreadId, change: (thread: Thread) => Thread): ThreadView {
    const { store, clock } = this.#options;
    return store.transact(stores => {
      const current = stores.threads.get(id);
      if (!current) throw new AppError('thread.unknown', `There is no thread ${id}.`, { thread: id });
      stores.threads.update({ ...change(current), updatedAt: clock.now() });
      stores.events.append({ kind: 'thread_changed', threadId: id }, clock.now());
      return findThread(stores, id);
    });
  }
}

/** The error for a thread that has no files of its own yet, or no longer. */
export function noWorktree(thread: Thread): AppError<'worktree.missing'> {
  return new AppError(
    'worktree.missing',
    thread.rescue === undefined
      ? `Thread ${thread.id} has no worktree: no run of it got that far.`
      : `The worktree of thread ${thread.id} was removed. \`muster restore ${thread.id}\` brings it back.`,
    { path: thread.worktree ?? '' },
  );
}
