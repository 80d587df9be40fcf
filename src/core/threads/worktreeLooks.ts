import { isAnyAppError, isAppError } from '../../base/errors.js';
import type { MergeStores } from '../merges/mergeStore.js';
import { standingMerge } from '../merges/standingMerge.js';
import type { Store } from '../store.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import type { WorktreeDriver, WorktreeState } from '../workspaces/worktreeDriver.js';
import type { WorktreeProcess, WorktreeProcesses } from '../workspaces/worktreeProcesses.js';
import type { Thread } from './thread.js';
import type { ThreadStores } from './threadStore.js';

/** Worktrees are looked at this many at a time: each is a git process. */
const atOnce = 4;

/** What was seen of a thread's worktree. */
export interface WorktreeLook {
  readonly thread: Thread;
  readonly state: WorktreeState | 'missing' | 'unreadable';
  readonly processes: readonly WorktreeProcess[];
  /** It has, or may have, work that its target lacks. */
  readonly unmerged: boolean;
}

export interface WorktreeLooksOptions {
  readonly store: Store<ThreadStores & MergeStores>;
  readonly driver: Pick<WorktreeDriver, 'state'>;
  readonly processes: WorktreeProcesses;
}

/** Looks at the worktrees of threads: what is in them that is nowhere else, and who works there. */
export class WorktreeLooks {
  readonly #options: WorktreeLooksOptions;

  constructor(options: WorktreeLooksOptions) {
    this.#options = options;
  }

  async at(threads: readonly Thread[], signal: AbortSignal): Promise<readonly WorktreeLook[]> {
    const inside = await this.#options.processes.inside(threads.map(({ worktree }) => worktree ?? ''));
    const looks: WorktreeLook[] = [];
    for (let start = 0; start < threads.length; start += atOnce) {
      const block = threads.slice(start, start + atOnce);
      const states = await Promise.all(block.map(thread => stateOf(this.#options.driver, thread, signal)));
      for (const [i, thread] of block.entries()) {
        const state = states[i] ?? 'unreadable';
        const processes = inside[start + i] ?? [];
        looks.push({ thread, state, processes, unmerged: this.#isUnmerged(thread, state) });
      }
    }
    return looks;
  }

  #isUnmerged(thread: Thread, state: WorktreeLook['state']): boolean {
    // What cannot be read may hold anything; of one whose folder is gone, the branch may.
    if (state === 'unreadable' || (state !== 'missing' && state.dirty.length > 0)) return true;
    const head = state === 'missing' ? thread.head : state.head;
    const { merge, standing } = this.#options.store.read(stores => {
      const view = stores.threads.view(thread.id);
      return { merge: view?.latestMerge, standing: view && standingMerge(stores, view) };
    });
    // One that was taken back by a revert is an ancestor of its target, which does not have its changes.
    if (merge?.status === 'merged' && merge.expect === head) return standing === undefined;
    return state === 'missing' ? head !== undefined && head !== thread.baseCommit : state.ahead > 0;
  }
}

/** One worktree that git cannot read does not keep the others from being looked at. */
async function stateOf(
  driver: Pick<WorktreeDriver, 'state'>,
  thread: Thread,
  signal: AbortSignal,
): Promise<WorktreeLook['state']> {
  const ref = worktreeOf(thread);
  if (!ref) return 'missing';
  // The branch it began from may be gone by now; the commit is not.
  for (const compareTo of [thread.baseRef, thread.baseCommit, 'HEAD']) {
    if (compareTo === undefined) continue;
    try {
      return await driver.state(ref, compareTo, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isAppError(error, 'worktree.missing')) return 'missing';
      if (!isAnyAppError(error)) throw error;
    }
  }
  return 'unreadable';
}
