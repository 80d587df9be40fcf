import { defined } from '../../base/defined.js';
import type { Clock } from '../../base/clock.js';
import { AppError, errorMessage } from '../../base/errors.js';
import { isId, type IdSource, type ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { EventStores } from '../events/eventLog.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { requireNoOperation } from '../threads/idleThread.js';
import { noWorktree } from '../threads/threadService.js';
import type { Thread } from '../threads/thread.js';
import { requireNoPart } from '../threads/partLookup.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ReviewStores } from '../reviews/reviewStore.js';
import { requireNothingStaged } from '../reviews/stagingService.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import type { CandidateVerifier } from './candidateVerifier.js';
import { targetOf } from './mergeTarget.js';
import { isMergeActive, type Merge } from './merge.js';
import { checksOf } from './checksOf.js';
import type { MergeCheck } from './mergeCheck.js';
import type { MergeDriver, MergeStrategy } from './mergeDriver.js';
import { MergeQueue } from './mergeQueue.js';
import type { QueuedMerge } from './mergeQueueStore.js';
import { defaultMessage, laneOf, noTarget, requireMergeable } from './mergeRequest.js';
import type { MergeStores } from './mergeStore.js';
import { MergeWork } from './mergeWork.js';
import { insertSet, othersToMerge } from './requestSet.js';
import { placeBefore } from './queuePlaces.js';

export interface RequestedMerge {
  /** Id or unique prefix. */
  readonly thread: string;
  readonly target?: string;
  readonly strategy?: MergeStrategy;
  /** The commit that was reviewed; missing: the head after a snapshot (a person at a terminal, who sees the worktree as it is). */
  readonly expect?: string;
  readonly message?: string;
  /** Higher comes first. Default: 0. */
  readonly priority?: number;
}

/** A merge of the queue as people see it. */
export interface MergeInQueue {
  readonly merge: Merge;
  readonly entry: QueuedMerge;
}

/** As many as an error names. */
const namedBranches = 8;

export interface MergeServiceOptions {
  readonly store: Store<ProjectStores & ThreadStores & MergeStores & ReviewStores & RescueStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly driver: MergeDriver;
  readonly verifier: CandidateVerifier;
  readonly settler: Pick<ThreadSettler, 'settled' | 'snapshot'>;
}

/** What people ask of merges. The queue is in the database: by repository and target, then priority, then place. */
export class MergeService implements Disposable {
  readonly #options: MergeServiceOptions;
  readonly #queue: MergeQueue;
  readonly #work: MergeWork;
  readonly #leaving = new AbortController();

  constructor(options: MergeServiceOptions) {
    this.#options = options;
    const { clock, store } = options;
    this.#work = new MergeWork({
      ...options,
      leaving: this.#leaving.signal,
      onEnd: merge => this.#queue.over(merge),
    });
    this.#queue = new MergeQueue({
      clock,
      list: () => store.read(stores => stores.mergeQueue.list()),
      work: (entries, signal) => this.#work.perform(entries, signal),
    });
  }

  /** Queues a merge and returns it. A merge that is under way is returned instead. Errors: `thread.*`, `worktree.missing`, `merge.refused`, `review.staged`. */
  async request(request: RequestedMerge): Promise<Merge> {
    const { store, clock, ids, settler } = this.#options;
    const { thread: found } = store.read(stores => findThread(stores, request.thread));
    await settler.settled(found.id);
    const before = store.read(stores => findThread(stores, found.id));
    const earlier = requireMergeable(before);
    if (earlier) return earlier;
    const { thread } = before;
    store.read(stores => requireNoPart(stores, thread.id));
    store.read(stores => requireNothingStaged(stores, thread));
    const { spec, usual } = store.read(stores => ({
      spec: stores.projects.get(thread.projectId)?.spec.merge,
      usual: targetOf(stores, thread),
    }));
    const target = request.target ?? usual;
    if (target === undefined || target === '') throw noTarget(thread);
    if (target !== usual) await this.#requireTarget(thread, target);
    const expect =
      request.expect ?? (await settler.snapshot(thread, `${thread.summary}\n\nWork kept by Muster before a merge.`));
    if (expect === undefined) throw noWorktree(thread);
    const others = await othersToMerge(this.#options, before, { isReviewed: request.expect !== undefined });
    const merge: Merge = {
      id: ids.next(),
      threadId: thread.id,
      status: 'queued',
      target,
      strategy: request.strategy ?? spec?.strategy ?? 'merge',
      expect,
      commitMessage: request.message ?? defaultMessage(thread),
      message: '',
      files: [],
      createdAt: clock.now(),
    };
    const inserted = store.transact(stores => {
      // While the snapshot was taken, somebody else may have asked for a merge or given the agent more to do.
      requireNoOperation(stores, thread.id);
      const meanwhile = requireMergeable(findThread(stores, thread.id));
      if (meanwhile) return meanwhile;
      stores.merges.insert(merge);
      insertSet(stores, ids, { merge, verify: spec?.verify ?? [], others });
      const lane = laneOf(thread, target);
      const place = placeBefore(stores.mergeQueue.list(), { lane, before: undefined });
      const priority = request.priority ?? 0;
      stores.mergeQueue.save({ merge: merge.id, lane, priority, place, ...howVerified(spec) });
      stores.events.append(
        { kind: 'merge_changed', threadId: merge.threadId, mergeId: merge.id, status: merge.status },
        clock.now(),
      );
      return merge;
    });
    this.#queue.advance();
    return inserted;
  }

  /** A slip of the keyboard is refused at once, instead of becoming a merge that is blocked. */
  async #requireTarget(thread: Thread, target: string): Promise<void> {
    const { repository, commonDir } = thread;
    if (repository === undefined) return;
    const place = { repository, ...defined({ commonDir }) };
    const branches = (await this.#options.driver.targets(place)).filter(name => !name.startsWith('muster/'));
    if (branches.includes(target)) return;
    const named = branches.slice(0, namedBranches).join(', ');
    const rest = branches.length - namedBranches;
    const message = `There is no branch ${JSON.stringify(target.slice(0, 100))} to merge into. There are: ${named}${rest > 0 ? ` and ${rest} more` : ''}.`;
    throw new AppError('merge.refused', message, { thread: thread.id, reason: 'there is no such branch' });
  }

  /** Queues every thread whose present commit a person approved. What cannot be merged now is left out. */
  async requestApproved(filter: { readonly projectId?: Thread['projectId'] } = {}): Promise<readonly Merge[]> {
    const { store, log } = this.#options;
    const { threads } = store.read(stores => stores.threads.page({ ...filter, statuses: ['ready'], limit: 500 }));
    const merges: Merge[] = [];
    // The oldest first: it has waited longest.
    for (const { thread, approved } of threads.toReversed()) {
      if (approved === undefined || approved.commit !== thread.head) continue;
      try {
        merges.push(await this.request({ thread: thread.id, expect: approved.commit }));
      } catch (error) {
        log.warn('An approved thread could not be queued', { thread: thread.id, reason: errorMessage(error) });
      }
    }
    return merges;
  }

  /**
   * Asks for the same once more; with `present`, for what the thread is by now. A merge that has not ended is returned as it is.
   * Errors: as {@link request}.
   */
  async retry(id: string, { head }: { readonly head: 'reviewed' | 'present' } = { head: 'reviewed' }): Promise<Merge> {
    const { threadId: thread, status, target, strategy, expect, commitMessage: message } = this.get(id);
    if (isMergeActive(status)) return this.get(id);
    return await this.request({ thread, target, strategy, message, ...(head === 'reviewed' ? { expect } : {}) });
  }

  /** Changes the turn of a merge that waits. Errors: `merge.unknown`, `merge.refused` (it does not wait any more). */
  move(id: string, to: { readonly priority?: number; readonly before?: string }): MergeInQueue {
    const { store, clock } = this.#options;
    const merge = this.get(id);
    const before = to.before === undefined ? undefined : this.get(to.before).id;
    return store.transact(stores => {
      const entry = stores.mergeQueue.get(merge.id);
      const neighbour = before && stores.mergeQueue.get(before);
      if (entry === undefined || this.#queue.isWorking(merge.id) || (neighbour && neighbour.lane !== entry.lane)) {
        const reason =
          entry === undefined ? 'it has ended' : neighbour ? 'they have different targets' : 'it is at work';
        throw new AppError('merge.refused', `The turn of merge ${merge.id} cannot be changed: ${reason}.`, {
          thread: merge.threadId,
          reason,
        });
      }
      const moved: QueuedMerge = {
        ...entry,
        priority: to.priority ?? neighbour?.priority ?? entry.priority,
        place: before === undefined ? entry.place : placeBefore(stores.mergeQueue.list(), { lane: entry.lane, before }),
      };
      stores.mergeQueue.save(moved);
      stores.events.append(
        { kind: 'merge_changed', threadId: merge.threadId, mergeId: merge.id, status: merge.status },
        clock.now(),
      );
      return { merge, entry: moved };
    });
  }

  /** Everything that waits or is at work, in the order of its turns. */
  list(): readonly MergeInQueue[] {
    return this.#options.store.read(stores =>
      stores.mergeQueue.list().flatMap(entry => {
        const merge = stores.merges.get(entry.merge);
        return merge ? [{ merge, entry }] : [];
      }),
    );
  }

  /** What its verify commands came to, also those that ran for it together with others. Errors: `merge.unknown`. */
  checks(id: string): readonly MergeCheck[] {
    const merge = this.get(id);
    return this.#options.store.read(stores => checksOf(stores, merge.id));
  }

  /** Errors: `merge.unknown`. */
  get(id: string): Merge {
    const merge = isId<'merge'>(id) ? this.#options.store.read(stores => stores.merges.get(id)) : undefined;
    if (!merge)
      throw new AppError('merge.unknown', `There is no merge ${JSON.stringify(id.slice(0, 60))}.`, {
        merge: id.slice(0, 60),
      });
    return merge;
  }

  /** Resolves when the merge has ended, or says something else than `seen` while it is under way. */
  async wait(id: string, signal: AbortSignal, seen?: string): Promise<Merge> {
    const { promise, resolve, reject } = Promise.withResolvers<Merge>();
    const check = (): void => {
      try {
        const merge = this.get(id);
        if (!isMergeActive(merge.status) || (seen !== undefined && merge.message !== seen)) resolve(merge);
      } catch (error) {
        reject(error);
      }
    };
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const subscription = this.#options.store.onDidCommit(events => {
      if (events.some(({ event }) => event.kind === 'merge_changed' && event.mergeId === id)) check();
    });
    try {
      check();
      if (signal.aborted) onAbort();
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      await subscription.dispose();
    }
  }

  /** Ends a merge that has not moved its target yet; one that has ended stays as it is. */
  cancel(id: string): Merge {
    const set = this.#options.store.read(stores => stores.mergeSets.ofMerge(this.get(id).id));
    const merge = this.get(set?.id ?? id);
    if (!isMergeActive(merge.status)) return merge;
    if (this.#queue.isWorking(merge.id)) {
      this.#work.withdraw(merge.id);
      this.#queue.abort(merge.id, new AppError('cancelled', 'The merge was cancelled.', {}));
    } else if (set === undefined || set.step === 'asked') {
      // What an earlier host was cut off in comes to its turn all the same, or it would stay half done.
      this.#work.end(merge, cancelledEarly);
    }
    return this.get(id);
  }

  /** Ends the merge of a thread that is under way. Resolves when it has ended; undefined when there is none. */
  async cancelOf(thread: ThreadId, signal: AbortSignal): Promise<Merge | undefined> {
    const merges = this.#options.store.read(stores => stores.merges.ofThread(thread));
    const active = merges.find(({ status }) => isMergeActive(status));
    if (!active) return undefined;
    this.cancel(active.id);
    return await this.wait(active.id, signal);
  }

  /** Goes on with what an earlier host left queued or half done. The driver finishes or undoes a half-moved target first. */
  recover(): void {
    const { store } = this.#options;
    store.transact(stores => {
      for (const merge of stores.merges.active()) {
        const thread = stores.threads.get(merge.threadId);
        const set = stores.mergeSets.ofMerge(merge.id);
        if (!thread || stores.mergeQueue.get(merge.id) || (set && set.id !== merge.id)) continue;
        // Asked for by a version that had no queue in the database.
        const lane = laneOf(thread, merge.target);
        stores.mergeQueue.save({
          merge: merge.id,
          lane,
          priority: 0,
          place: merge.createdAt,
          ...howVerified(undefined),
        });
      }
    });
    this.#queue.advance();
    for (const landing of store.read(stores => stores.landings.unfinished())) {
      const merge = store.read(stores => stores.merges.get(landing.merge));
      // The queue takes up its own.
      if (merge && isMergeActive(merge.status)) continue;
      void this.#options.driver.settle(landing, this.#leaving.signal).catch((error: unknown) =>
        this.#options.log.warn('A landing that was cut off could not be settled', {
          target: landing.target,
          reason: errorMessage(error),
        }),
      );
    }
  }

  /** Leaves what is queued or half done to the next host. Resolves when nothing of it is at work, or it cannot be waited for. */
  async dispose(): Promise<void> {
    this.#leaving.abort();
    await this.#queue.leave(this.#work.hostEnds);
  }
}

function howVerified(
  spec: { readonly verify: readonly string[]; readonly batch: number } | undefined,
): Pick<QueuedMerge, 'verify' | 'batch'> {
  return { verify: spec?.verify ?? [], batch: spec?.batch ?? 1 };
}

const cancelledEarly: Partial<Merge> = { status: 'cancelled', message: 'Cancelled before it began.' };
