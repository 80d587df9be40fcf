import { defined } from '../../base/defined.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { Clock } from '../../base/clock.js';
import type { IdSource, ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { EventStores } from '../events/eventLog.js';
import type { NotebookService } from '../notebooks/notebookService.js';
import type { OpenHandMergeStores } from '../merges/openHandMerge.js';
import type { MergeStores } from '../merges/mergeStore.js';
import { standingMerge } from '../merges/standingMerge.js';
import type { Store } from '../store.js';
import { requireIdle } from '../threads/idleThread.js';
import type { Thread, ThreadOutcome } from '../threads/thread.js';
import type { ThreadStores } from '../threads/threadStore.js';
import { isMergedWhole, type Rescue } from './rescue.js';
import type { RescueDriver, RescuedThread } from './rescueDriver.js';
import type { RescueStores } from './rescueStore.js';
import type { RemoveWorktree, WorktreeRef } from './worktreeDriver.js';
import type { Removal, Restoration, WorktreeOperation } from './worktreeOperation.js';
import { worktreeOf, type WorkspaceService } from './workspaceService.js';
import { slugOf } from './worktreeName.js';

export interface RescueServiceOptions {
  readonly store: Store<ThreadStores & MergeStores & OpenHandMergeStores & RescueStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly driver: RescueDriver;
  readonly workspaces: Pick<WorkspaceService, 'pathOf' | 'isOurs' | 'exclusive'>;
  /** What works in a worktree besides runs, and ends before it goes. */
  readonly notebooks: Pick<NotebookService, 'endOf'>;
}

/**
 * Puts worktrees away and brings them back. Every step is written down before it is taken (`worktreeOperation.ts` has the
 * states), so that a host that was killed anywhere is followed by one that finishes or undoes what it finds:
 *
 *     remove:  [keep] → driver.keep → [rescue, thread without worktree, clear] → driver.clear → [no operation]
 *     restore: [restore] → driver.restore → [thread with worktree, no operation]
 *
 * Whoever calls holds the thread's {@link WorkspaceService.exclusive}, except for {@link recover}.
 */
export class RescueService {
  readonly #options: RescueServiceOptions;

  constructor(options: RescueServiceOptions) {
    this.#options = options;
  }

  /**
   * Keeps everything that is in the thread's worktree and removes it; the thread then has this outcome. Once everything is
   * kept this succeeds, whatever the system does not let go (the rescue names it).
   * Errors: `thread.busy`, `worktree.missing`, `worktree.ignoredTooLarge`, `worktree.failed` (nothing was removed).
   */
  async remove(id: ThreadId, options: RemoveWorktree & { readonly outcome: ThreadOutcome }): Promise<void> {
    const removal = this.#beginRemoval(id, options);
    if (removal === undefined) return;
    let rescue: Rescue;
    try {
      await this.#options.notebooks.endOf(id);
      rescue = await this.#options.driver.keep(removal);
      this.#saveKept(removal, rescue);
    } catch (error) {
      await this.#undo(removal, () => this.#options.driver.putBack(removal));
      throw error;
    }
    await this.#clear({ ...removal, kind: 'clear' }, rescue);
  }

  /**
   * Makes the thread's removed worktree again. The thread is open then, unless all that comes back is in the target anyway: it
   * stays merged. Errors: `rescue.unknown`, `worktree.failed`.
   */
  async restore(id: ThreadId): Promise<void> {
    const { store, driver, clock } = this.#options;
    const thread = requireThread(
      store.read(stores => stores.threads.get(id)),
      id,
    );
    const rescue = await this.#rescueOf(thread);
    const worktree = this.#target(thread, rescue);
    const { hadBranch } = await driver.checkRestore(rescue, worktree);
    const operation: Restoration = {
      kind: 'restore',
      thread: id,
      worktree,
      rescue: rescue.id,
      hadBranch,
      startedAt: clock.now(),
    };
    store.transact(stores => stores.operations.save(operation));
    try {
      const restored = await driver.restore(operation, rescue);
      this.#save(id, (current, stores) => ({
        ...current,
        ...restored,
        outcome: isStillMerged(stores, current, rescue) ? current.outcome : 'open',
        branch: worktree.branch,
        worktree: worktree.path,
        rescue: undefined,
        trouble: undefined,
        notes: [],
      }));
    } catch (error) {
      await this.#undo(operation, () => driver.undoRestore(operation, rescue));
      throw error;
    }
  }

  /** Finishes or undoes what an earlier host, or an earlier attempt, left in the middle. */
  async settle(id: ThreadId): Promise<WorktreeOperation | undefined> {
    const { store, driver } = this.#options;
    const { operation, thread, rescue } = store.read(stores => {
      const found = stores.operations.ofThread(id);
      return {
        operation: found,
        thread: stores.threads.get(id),
        rescue: found && 'rescue' in found ? stores.rescues.get(found.rescue) : undefined,
      };
    });
    if (operation === undefined) return undefined;
    switch (operation.kind) {
      case 'create':
        if (thread?.worktree === undefined) await driver.undoCreate(operation);
        break;
      case 'keep':
        await driver.putBack(operation);
        break;
      case 'clear':
        if (rescue) await this.#clear(operation, rescue);
        return operation;
      case 'restore':
        if (rescue) await driver.undoRestore(operation, rescue);
        break;
    }
    store.transact(stores => stores.operations.end(id));
    return operation;
  }

  /** Once at the start of a host: settles everything that an earlier one left, and tries what was undone again. */
  async recover(): Promise<void> {
    const { store, log, workspaces } = this.#options;
    for (const { thread, kind } of store.read(stores => stores.operations.list())) {
      try {
        await workspaces.exclusive(thread, () => this.#recoverOne(thread));
      } catch (error) {
        log.warn('What an earlier host had begun with a worktree could not be finished', {
          thread,
          kind,
          reason: errorMessage(error),
        });
      }
    }
  }

  async #recoverOne(thread: ThreadId): Promise<void> {
    const settled = await this.settle(thread);
    if (settled?.kind === 'keep') {
      const { outcome, ignored } = settled;
      await this.remove(thread, { outcome, ...defined({ ignored }) });
    } else if (settled?.kind === 'restore') await this.restore(thread);
  }

  #beginRemoval(
    id: ThreadId,
    { outcome, ignored }: RemoveWorktree & { readonly outcome: ThreadOutcome },
  ): Removal | undefined {
    const { store, clock, ids } = this.#options;
    return store.transact(stores => {
      // In the transaction in which it begins: from here on nobody gives the thread anything to do.
      const view = stores.threads.view(id);
      const thread = requireThread(view?.thread, id);
      if (view) requireIdle(view);
      const worktree = worktreeOf(thread);
      if (worktree === undefined) {
        if (thread.outcome !== outcome) saveThread(stores, { ...thread, outcome, updatedAt: clock.now() });
        return undefined;
      }
      const rescue = ids.next<'rescue'>();
      const removal: Removal = {
        kind: 'keep',
        thread: id,
        worktree,
        rescue,
        ref: `refs/muster/rescue/${slugOf(thread.summary)}-${rescue}`,
        outcome,
        startedAt: clock.now(),
        ...defined({ ignored }),
      };
      stores.operations.save(removal);
      return removal;
    });
  }

  /** From here on the work is the rescue, and what is left of the worktree only takes up space. */
  #saveKept(removal: Removal, rescue: Rescue): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      stores.rescues.insert(rescue);
      stores.operations.save({ ...removal, kind: 'clear' });
      stores.handMerges.remove(removal.thread);
      const thread = requireThread(stores.threads.get(removal.thread), removal.thread);
      saveThread(stores, {
        ...thread,
        outcome: removal.outcome,
        rescue: rescue.ref,
        worktree: undefined,
        trouble: undefined,
        updatedAt: clock.now(),
      });
    });
  }

  /** What fails here is tried again by {@link settle}: nobody has to wait for it. */
  async #clear(removal: Removal, rescue: Rescue): Promise<void> {
    const { store, driver, log, workspaces } = this.#options;
    const { thread } = removal;
    try {
      const kept = store.read(stores => stores.threads.get(thread));
      // First: if the database is lost later, the archive is found by this alone.
      if (kept) await driver.record(rescue, recordOf(kept));
      // The branch of a worktree that was adopted is its maker's.
      const keepsBranch = !workspaces.isOurs(removal.worktree.path);
      const leftover = await driver.clear(removal, rescue, { keepsBranch });
      if (leftover.length > 0) log.warn('Something of a removed worktree is left', { thread, leftover });
      store.transact(stores => {
        stores.rescues.saveLeftover(rescue.id, leftover);
        stores.operations.end(thread);
        const current = stores.threads.get(thread);
        if (current?.rescue !== rescue.ref) return;
        const notes = notesOf({ ...rescue, leftover });
        saveThread(stores, { ...current, ...notes, updatedAt: this.#options.clock.now() });
      });
    } catch (error) {
      log.warn('A worktree whose work is kept was not cleared away yet', { thread, reason: errorMessage(error) });
    }
  }

  /** When even undoing fails, the operation stays written down, and is undone when somebody comes back to the thread. */
  async #undo(operation: WorktreeOperation, undo: () => Promise<void>): Promise<void> {
    const { store, log } = this.#options;
    try {
      await undo();
      store.transact(stores => stores.operations.end(operation.thread));
    } catch (error) {
      log.error('A worktree was left in the middle of something', {
        thread: operation.thread,
        kind: operation.kind,
        reason: errorMessage(error),
      });
    }
  }

  async #rescueOf(thread: Thread): Promise<Rescue> {
    const { store, driver, ids } = this.#options;
    const { repository, rescue: ref, id: threadId } = thread;
    if (repository !== undefined && ref !== undefined) {
      const found = store.read(stores => stores.rescues.byRef(repository, ref));
      if (found) return found;
      const hinted = await driver.readHint({ id: ids.next<'rescue'>(), threadId, repository, ref });
      if (hinted) {
        store.transact(stores => stores.rescues.insert(hinted));
        return hinted;
      }
    }
    throw new AppError(
      'rescue.unknown',
      `Thread ${threadId} has nothing to restore: ${thread.branch === undefined ? 'it never had a worktree' : 'what was kept of it has been discarded'}.`,
      { rescue: ref ?? '' },
    );
  }

  #target(thread: Thread, rescue: Rescue): WorktreeRef {
    const { repository } = rescue;
    const branch = thread.branch ?? rescue.branch;
    return {
      repository,
      branch,
      path: this.#options.workspaces.pathOf(thread),
      ...defined({ commonDir: thread.commonDir }),
    };
  }

  #save(id: ThreadId, change: (thread: Thread, stores: ThreadStores & MergeStores) => Thread): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const thread = requireThread(stores.threads.get(id), id);
      saveThread(stores, { ...change(thread, stores), updatedAt: clock.now() });
      stores.operations.end(id);
    });
  }
}

function isStillMerged(stores: ThreadStores & MergeStores, { id, outcome }: Thread, rescue: Rescue): boolean {
  const view = stores.threads.view(id);
  return outcome === 'completed' && view !== undefined && isMergedWhole(rescue, standingMerge(stores, view));
}

/** What a person should know of what was kept: nothing, as a rule. */
function notesOf({ refused, leftover }: Rescue): Pick<Thread, 'notes'> {
  const named = (paths: readonly string[]): string =>
    paths.length <= mostNamed
      ? paths.join(', ')
      : `${paths.slice(0, mostNamed).join(', ')} and ${paths.length - mostNamed} more`;
  return {
    notes: [
      ...(refused.length > 0 ? [`Git would not take ${named(refused)}; they are in the archive of the rescue.`] : []),
      ...(leftover.length > 0 ? [`The system did not let go of ${named(leftover)}.`] : []),
    ],
  };
}

function recordOf({ agent, summary, outcome, createdAt, baseRef, baseCommit, carried }: Thread): RescuedThread {
  return { agent, summary, outcome, createdAt, ...defined({ baseRef, baseCommit, carried }) };
}

/** As many files as a sentence can name; the rest is counted. */
const mostNamed = 5;

function saveThread(stores: ThreadStores & EventStores, thread: Thread): void {
  stores.threads.update(thread);
  stores.events.append({ kind: 'thread_changed', threadId: thread.id }, thread.updatedAt);
}

function requireThread(thread: Thread | undefined, id: ThreadId): Thread {
  if (thread) return thread;
  throw new AppError('thread.unknown', `There is no thread ${id}.`, { thread: id });
}
