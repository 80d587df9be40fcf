import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { errorMessage, isAnyAppError } from '../../base/errors.js';
import type { ProjectId } from '../../base/ids.js';
import type { Store } from '../store.js';
import type { RemoveWorktree } from '../workspaces/worktreeDriver.js';
import { isThreadIdle } from './idleThread.js';
import { allOf } from './partLookup.js';
import { findThread } from './threadLookup.js';
import type { ThreadService } from './threadService.js';
import type { ThreadStores, ThreadView } from './threadStore.js';
import type { WorktreeLook, WorktreeLooks } from './worktreeLooks.js';

/** Which worktrees are to go. */
export interface CleanWorktrees extends RemoveWorktree {
  /** Missing: of all projects. */
  readonly project?: ProjectId;
  /** Ids or unique prefixes; empty: all. */
  readonly threads: readonly string[];
  /** Only those to which nothing has happened for so long. */
  readonly olderThanMs: number;
  /** Also those with work that their target lacks. */
  readonly unmerged: boolean;
  /** Remove them; otherwise tell what would go. */
  readonly force: boolean;
}

export interface CleanedWorktree {
  readonly look: WorktreeLook;
  readonly state: 'would_remove' | 'removed' | 'kept';
  /** Why it is kept, for people; empty otherwise. */
  readonly reason: string;
  readonly rescue?: string;
}

export interface WorktreeCleanerOptions {
  readonly store: Store<ThreadStores>;
  readonly clock: Clock;
  readonly looks: WorktreeLooks;
  readonly threads: Pick<ThreadService, 'removeWorktree'>;
}

/**
 * Removes worktrees that nobody needs any more, each as if it were removed by name: what is in it is kept and can be restored.
 * Work that no target has goes only where that was asked for, and nothing goes from under a run, a merge or a person's shell.
 */
export class WorktreeCleaner {
  readonly #options: WorktreeCleanerOptions;

  constructor(options: WorktreeCleanerOptions) {
    this.#options = options;
  }

  /** One that cannot be removed is named and does not keep the others. Errors: `thread.unknown`, `thread.ambiguous`. */
  async clean(request: CleanWorktrees, signal: AbortSignal): Promise<readonly CleanedWorktree[]> {
    const { store, clock, looks } = this.#options;
    const newest = clock.now() - request.olderThanMs;
    const found = store.read(stores => {
      const named = new Set(request.threads.map(id => findThread(stores, id).thread.id));
      return stores.threads
        .withWorktree(request.project)
        .filter(({ id, updatedAt }) => updatedAt <= newest && (request.threads.length === 0 || named.has(id)))
        .filter(({ id }) => !stores.parts.of(id))
        .map(thread => allOf(stores, thread).filter(({ worktree }) => worktree !== undefined));
    });
    const seen = new Map((await looks.at(found.flat(), signal)).map(look => [look.thread.id, look]));
    const cleaned: CleanedWorktree[] = [];
    for (const threads of found) {
      signal.throwIfAborted();
      const [look, ...others] = threads.flatMap(({ id }) => seen.get(id) ?? []);
      if (look) cleaned.push(await this.#cleanOne(together(look, others), request));
    }
    return cleaned;
  }

  async #cleanOne(look: WorktreeLook, request: CleanWorktrees): Promise<CleanedWorktree> {
    const { store, threads } = this.#options;
    const { id } = look.thread;
    const reason = keptBecause(look, {
      idle: store.read(stores => isLeftAlone(findThread(stores, id))),
      unmerged: request.unmerged,
    });
    if (reason !== undefined) return { look, state: 'kept', reason };
    if (!request.force) return { look, state: 'would_remove', reason: '' };
    try {
      const { thread } = await threads.removeWorktree(id, defined({ ignored: request.ignored }));
      return { look, state: 'removed', reason: '', ...defined({ rescue: thread.rescue }) };
    } catch (error) {
      if (!isAnyAppError(error)) throw error;
      return { look, state: 'kept', reason: errorMessage(error) };
    }
  }
}

/** A thread's worktrees in all of its repositories go together, or stay. */
function together(look: WorktreeLook, others: readonly WorktreeLook[]): WorktreeLook {
  return {
    ...look,
    processes: [look, ...others].flatMap(({ processes }) => processes),
    unmerged: [look, ...others].some(({ unmerged }) => unmerged),
  };
}

/** What keeps a worktree from being cleaned up; undefined when nothing does. */
export function keptBecause(
  { processes, unmerged }: Pick<WorktreeLook, 'processes' | 'unmerged'>,
  allowed: { readonly idle: boolean; readonly unmerged: boolean },
): string | undefined {
  if (!allowed.idle) return 'its thread is at work';
  const [first, ...others] = processes;
  if (first) {
    const more = others.length === 0 ? 'works' : `and ${others.length} more work`;
    return `${first.name} (${first.pid}) ${more} in it`;
  }
  return unmerged && !allowed.unmerged ? 'it has work that was not merged' : undefined;
}

/** Neither a run nor a merge is at work on it, nor a person with a merge that is half done. */
function isLeftAlone(view: ThreadView): boolean {
  return isThreadIdle(view) && view.handMerge === undefined;
}
