import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { IdSource, ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import { person } from '../messages/message.js';
import { isRunActive } from '../runs/run.js';
import type { RunLifecycle } from '../runs/runLifecycle.js';
import { cancelQueuedRun } from '../runs/runTransitions.js';
import type { MessageStores } from '../messages/messageStore.js';
import type { Store } from '../store.js';
import type { RescueService } from '../workspaces/rescueService.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import type { RemoveWorktree, WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { sharedChangeText, type SharedStateStores } from '../workspaces/pinnedState.js';
import type { WorkspacePreparer } from '../workspaces/workspacePreparer.js';
import { worktreeOf, type WorkspaceService } from '../workspaces/workspaceService.js';
import { requireIdle, requireNoOperation } from './idleThread.js';
import { filesChanged } from './part.js';
import { requireNoPart } from './partLookup.js';
import { PartWorktrees } from './partWorktrees.js';
import type { Thread } from './thread.js';
import { findThread } from './threadLookup.js';
import type { ThreadSettler } from './threadSettler.js';
import type { ThreadView, ThreadStores } from './threadStore.js';
import type { RunStores } from '../runs/runStore.js';
import type { EventStores } from '../events/eventLog.js';

/** How a thread is closed. */
export interface CloseThread {
  readonly outcome?: 'completed' | 'failed' | undefined;
  /** Why, as a message of the conversation. */
  readonly note?: string | undefined;
  /** Refuse to complete a thread whose changes were not merged. */
  readonly requireMerged?: boolean;
  /** End its runs first. */
  readonly stop?: boolean;
}

export interface ThreadServiceOptions {
  readonly store: Store<ThreadStores & RunStores & MessageStores & RescueStores & SharedStateStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly runs: Pick<RunLifecycle, 'cancel' | 'queued'>;
  readonly settler: ThreadSettler;
  readonly driver: Pick<WorktreeDriver, 'ensure' | 'repair' | 'undoShared'>;
  readonly workspaces: WorkspaceService;
  readonly rescues: RescueService;
  readonly preparer: Pick<WorkspacePreparer, 'tearDown'>;
}

/** What a person does with a thread after dispatch, except merging. Ids may be unique prefixes. */
export class ThreadService {
  readonly #options: ThreadServiceOptions;
  readonly #parts: PartWorktrees;

  constructor(options: ThreadServiceOptions) {
    this.#options = options;
    this.#parts = new PartWorktrees(options);
  }

  /**
   * The thread, as a rule with what its last run left committed (a snapshot that takes long is not waited for).
   * Errors: `thread.unknown`, `thread.ambiguous`.
   */
  async get(id: string): Promise<ThreadView> {
    const { store, settler } = this.#options;
    const { thread } = store.read(stores => findThread(stores, id));
    await settler.settledForLooking(thread.id);
    return store.read(stores => findThread(stores, thread.id));
  }

  /** Ends every queued or active run of the thread. Resolves when nothing of them is alive. */
  async cancel(id: string): Promise<ThreadView> {
    const { store, clock, runs } = this.#options;
    const { active, threadId } = store.transact(stores => {
      const { thread } = findThread(stores, id);
      requireNoPart(stores, thread.id);
      const unended = stores.runs.ofThread(thread.id).filter(run => isRunActive(run.status));
      for (const run of unended) {
        const cancelled = cancelQueuedRun(run, clock.now());
        if (cancelled === run) continue;
        stores.runs.update(cancelled);
        stores.events.append(
          { kind: 'run_changed', threadId: thread.id, runId: run.id, status: cancelled.status },
          clock.now(),
        );
      }
      return { active: unended.filter(run => run.status !== 'queued'), threadId: thread.id };
    });
    await Promise.all(active.map(run => runs.cancel(run.id)));
    runs.queued();
    return await this.get(threadId);
  }

  /**
   * Cancels, keeps everything under a rescue ref, then removes worktree and branch. Errors: `thread.merged`, `worktree.ignoredTooLarge`.
   */
  async abandon(id: string, options: RemoveWorktree = {}): Promise<ThreadView> {
    requireUnmerged(this.#options.store.read(stores => findThread(stores, id)));
    const { thread } = await this.cancel(id);
    await this.#exclusive(thread.id, async present => {
      // It may have landed while its agent was being stopped.
      requireUnmerged(this.#options.store.read(stores => findThread(stores, thread.id)));
      await this.#options.preparer.tearDown(present);
      await this.#options.rescues.remove(present.id, { ...options, outcome: 'abandoned' });
    });
    return await this.#parts.follow(thread.id, options);
  }

  /** Removes the worktree of a thread that stays as it is (its branch's work is kept under a rescue ref). */
  async removeWorktree(id: string, options: RemoveWorktree = {}): Promise<ThreadView> {
    const found = this.#whole(id);
    await this.#exclusive(found.thread.id, async thread => {
      const outcome = thread.outcome === 'open' ? 'completed' : thread.outcome;
      await this.#options.preparer.tearDown(thread);
      await this.#options.rescues.remove(thread.id, { ...options, outcome });
    });
    return await this.#parts.follow(found.thread.id, options);
  }

  /**
   * Brings an abandoned thread back with its worktree and its uncommitted work, or a worktree that was deleted by hand from its
   * branch. Errors: `rescue.unknown`, `worktree.failed`, `worktree.replaced`.
   */
  async restore(id: string): Promise<ThreadView> {
    const { rescues } = this.#options;
    const found = this.#whole(id);
    let isRestored = found.parts.some(({ thread }) => thread.worktree === undefined && thread.rescue !== undefined);
    await this.#exclusive(found.thread.id, async thread => {
      if (thread.worktree !== undefined && thread.outcome !== 'abandoned') {
        isRestored = (await this.#makeAgain(thread)) || isRestored;
        return;
      }
      // Abandoned with a worktree: a host was killed before it came to remove anything.
      if (thread.worktree !== undefined) this.#save(thread.id, current => ({ ...current, outcome: 'open' }));
      else await rescues.restore(thread.id);
      isRestored = true;
    });
    for (const { thread } of found.parts) {
      if (thread.worktree === undefined) continue;
      await this.#exclusive(thread.id, async part => {
        isRestored = (await this.#makeAgain(part)) || isRestored;
      });
    }
    if (!isRestored) throw nothingToRestore(found.thread);
    return await this.#parts.follow(found.thread.id);
  }

  /**
   * Undoes what the agent did to `.git` of its worktree, keeps what stood there, and commits the work that waited for it.
   * Errors: `worktree.missing`, `worktree.failed`, `worktree.unfinished`.
   */
  async repairWorktree(id: string): Promise<{ readonly view: ThreadView; readonly setAside: readonly string[] }> {
    const found = this.#options.store.read(stores => findThread(stores, id));
    let setAside: readonly string[] = [];
    const view = await this.#exclusive(found.thread.id, async before => {
      const ref = worktreeOf(before);
      if (!ref) throw noWorktree(before);
      const { setAside: moved, ...record } = await this.#options.driver.repair(ref);
      setAside = moved;
      const { thread } = this.#save(before.id, current => ({ ...current, ...record }));
      await this.#options.settler.snapshot(
        thread,
        `${thread.summary}\n\nWork kept by Muster after its worktree was repaired.`,
      );
    });
    return { view, setAside };
  }

  /**
   * Undoes what changed in the person's repositories (stash, branches, tags, settings) while runs of the thread were at work.
   * Returns what could not be undone, and stays on the list.
   */
  async putBackShared(id: string): Promise<{ readonly done: readonly string[]; readonly left: readonly string[] }> {
    const { thread, parts } = await this.#idle(id);
    const [done, left]: [string[], string[]] = [[], []];
    for (const { name, of } of [
      { name: '', of: thread },
      ...parts.map(each => ({ name: `${each.part.name}: `, of: each.thread })),
    ]) {
      const undone = await this.#putBackIn(of);
      done.push(...undone.done.map(change => name + sharedChangeText(change)));
      left.push(...undone.left.map(change => name + sharedChangeText(change)));
    }
    return { done, left };
  }

  async #putBackIn({ id, repository, commonDir }: Thread) {
    const { store, driver } = this.#options;
    const changes = store.read(stores => stores.shared.changes(id));
    if (repository === undefined || changes.length === 0) return { done: [], left: [] };
    const left = await driver.undoShared({ repository, ...defined({ commonDir }) }, changes);
    store.transact(stores => {
      stores.shared.saveChanges(id, left);
      const isOther = (note: string): boolean => !note.includes('`muster worktrees put-back ');
      this.#change(stores, id, current => ({ ...current, notes: current.notes?.filter(isOther) ?? [] }));
    });
    return { done: changes.filter(change => !left.includes(change)), left };
  }

  /** Goes on with abandoning what an earlier host was killed in. Errors of one thread do not keep the others from it. */
  async recover(): Promise<void> {
    const { store, log } = this.#options;
    const begun = store.read(stores =>
      stores.threads.withWorktree().filter(({ id, outcome }) => outcome === 'abandoned' && !stores.parts.of(id)),
    );
    for (const { id } of begun) {
      await this.abandon(id).catch((error: unknown) =>
        log.warn('An abandoned thread could not be cleared away', { thread: id, reason: errorMessage(error) }),
      );
    }
    await this.#parts.recover();
  }

  /**
   * Ends the thread without merging; its worktree stays until it is removed. Errors: `thread.busy`, `thread.merged` (as failed), and with `requireMerged`
   * `merge.refused` for changes that no merge has brought in.
   */
  async close(id: string, options: CloseThread = {}): Promise<ThreadView> {
    const { store, clock, ids } = this.#options;
    const outcome = options.outcome ?? 'completed';
    // Before anything is stopped: who is refused has changed nothing.
    if (options.requireMerged && outcome === 'completed') requireMerged(await this.get(id));
    if (outcome === 'failed') requireUnmerged(this.#options.store.read(stores => findThread(stores, id)));
    if (options.stop) await this.cancel(id);
    const view = await this.#idle(this.#whole(id).thread.id);
    if (outcome === 'failed') requireUnmerged(view);
    const { thread } = view;
    return store.transact(stores => {
      if (options.note) {
        stores.messages.insert({
          id: ids.next(),
          threadId: thread.id,
          from: person,
          to: thread.agent,
          intent: outcome === 'completed' ? 'completion' : 'failure',
          body: options.note,
          createdAt: clock.now(),
        });
      }
      this.#parts.end(stores, thread.id, outcome);
      return this.#change(stores, thread.id, current => ({ ...current, outcome }));
    });
  }

  /** Opens a closed thread again, as it was; one whose worktree went is restored. Errors: `thread.busy` when it is open, those of {@link restore}. */
  async reopen(id: string): Promise<ThreadView> {
    const { thread, status } = await this.#idle(this.#whole(id).thread.id);
    if (thread.outcome === 'open') {
      throw new AppError('thread.busy', `Thread ${thread.id} is open already (${status}).`, {
        thread: thread.id,
        status,
      });
    }
    const isAway = thread.worktree === undefined && thread.rescue !== undefined;
    if (thread.outcome === 'abandoned' || isAway) return await this.restore(thread.id);
    return this.#options.store.transact(stores => {
      this.#parts.end(stores, thread.id, 'open');
      return this.#change(stores, thread.id, current => ({ ...current, outcome: 'open' }));
    });
  }

  /** The thread when neither a run nor a merge of it is at work, nor anything with its worktree. Errors: `thread.busy`. */
  async #idle(id: string): Promise<ThreadView> {
    const { store, settler } = this.#options;
    const { thread } = store.read(stores => findThread(stores, id));
    await settler.settled(thread.id);
    return store.read(stores => {
      requireNoOperation(stores, thread.id);
      return requireIdle(findThread(stores, thread.id));
    });
  }

  /** Does something to an idle thread's files while nobody else does, after what was left in the middle is settled. */
  async #exclusive(id: ThreadId, work: (thread: Thread) => Promise<void>): Promise<ThreadView> {
    const { workspaces, rescues, store } = this.#options;
    return await workspaces.exclusive(id, async () => {
      await rescues.settle(id);
      await work((await this.#idle(id)).thread);
      return store.read(stores => findThread(stores, id));
    });
  }

  /** False: it was there. */
  async #makeAgain(thread: Thread): Promise<boolean> {
    const ref = worktreeOf(thread);
    const made = ref && (await this.#options.driver.ensure(ref));
    if (!made?.madeAgain) return false;
    const { commonDir, registeredAs } = made;
    this.#save(thread.id, current => ({
      ...current,
      commonDir,
      registeredAs,
      outcome: 'open',
      trouble: undefined,
    }));
    return true;
  }

  /** The thread that people know. Errors: `thread.unknown`, `thread.ambiguous`, `request.invalid` for a part of one. */
  #whole(id: string): ThreadView {
    return this.#options.store.read(stores => {
      const view = findThread(stores, id);
      requireNoPart(stores, view.thread.id);
      return view;
    });
  }

  #save(id: ThreadId, change: (thread: Thread) => Thread): ThreadView {
    return this.#options.store.transact(stores => this.#change(stores, id, change));
  }

  #change(stores: ThreadStores & EventStores, id: ThreadId, change: (thread: Thread) => Thread): ThreadView {
    const { clock } = this.#options;
    const current = stores.threads.get(id);
    if (!current) throw new AppError('thread.unknown', `There is no thread ${id}.`, { thread: id });
    stores.threads.update({ ...change(current), updatedAt: clock.now() });
    stores.events.append({ kind: 'thread_changed', threadId: id }, clock.now());
    return findThread(stores, id);
  }
}

function nothingToRestore(thread: Thread): AppError<'rescue.unknown'> {
  return new AppError('rescue.unknown', `Thread ${thread.id} has nothing to restore: its worktree is there.`, {
    rescue: thread.rescue ?? '',
  });
}

/** What is in its target is no work to be given up. Errors: `thread.merged`. */
function requireUnmerged({ thread: { id, baseRef = '' }, status, latestMerge }: ThreadView): void {
  if (status !== 'merged') return;
  const target = latestMerge?.target ?? baseRef;
  throw new AppError(
    'thread.merged',
    `Thread ${id} is merged into ${target}: there is nothing to give up. \`muster worktrees remove ${id}\` removes its worktree, and \`muster undo ${id}\` takes the merge back.`,
    { thread: id, target },
  );
}

function requireMerged(view: ThreadView): void {
  const { thread, latestMerge } = view;
  const changed = filesChanged(view);
  if (latestMerge?.status === 'merged' || changed === 0) return;
  throw new AppError(
    'merge.refused',
    `Thread ${thread.id} has changes in ${changed} files that were not merged. Merge it first, or close it as failed.`,
    { thread: thread.id, reason: 'not merged' },
  );
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
