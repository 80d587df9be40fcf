import type { Clock } from '../../base/clock.js';
import { KeyedQueue, within } from '../../base/async.js';
import { AppError, errorMessage, isAppError } from '../../base/errors.js';
import { isId, type IdSource, type MergeId, type ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { commitSurely } from '../commitSurely.js';
import { isRunActive } from '../runs/run.js';
import type { Store } from '../store.js';
import { noWorktree } from '../threads/threadService.js';
import type { Thread } from '../threads/thread.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadView, ThreadStores } from '../threads/threadStore.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import { targetOf } from './mergeTarget.js';
import { isMergeActive, type Merge } from './merge.js';
import type { MergeDriver, MergeOutcome, MergeStrategy } from './mergeDriver.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { MergeStores } from './mergeStore.js';
import type { EventStores } from '../events/eventLog.js';
import { performMerge } from './performMerge.js';

export interface RequestedMerge {
  /** Id or unique prefix. */
  readonly thread: string;
  readonly target?: string;
  readonly strategy?: MergeStrategy;
  /** The commit that was reviewed; missing: the head after a snapshot (a person at a terminal, who sees the worktree as it is). */
  readonly expect?: string;
  readonly message?: string;
}

export interface MergeServiceOptions {
  readonly store: Store<ProjectStores & ThreadStores & MergeStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly driver: MergeDriver;
  readonly settler: ThreadSettler;
}

/** How long an ending host waits for git to let go of a merge; the next host finishes or undoes it in any case. */
const endWaitsMs = 10_000;

/** The merge queue: first in, first out per repository. */
export class MergeService implements Disposable {
  readonly #options: MergeServiceOptions;
  readonly #queue = new KeyedQueue();
  readonly #aborts = new Map<MergeId, AbortController>();
  readonly #working = new Set<Promise<void>>();
  readonly #leaving = new AbortController();
  readonly #hostEnds = new AppError('cancelled', 'The host ends.', {});

  constructor(options: MergeServiceOptions) {
    this.#options = options;
  }

  /** Queues a merge and returns it. A merge that is under way is returned instead. Errors: `thread.*`, `worktree.missing`, `merge.refused`. */
  async request(request: RequestedMerge): Promise<Merge> {
    const { store, clock, ids, settler } = this.#options;
    const { thread: found } = store.read(stores => findThread(stores, request.thread));
    await settler.settled(found.id);
    const before = store.read(stores => findThread(stores, found.id));
    const earlier = requireMergeable(before);
    if (earlier) return earlier;
    const { thread } = before;
    const { project, usual } = store.read(stores => ({
      project: stores.projects.get(thread.projectId),
      usual: targetOf(stores, thread),
    }));
    const target = request.target ?? usual;
    if (target === undefined || target === '') throw noTarget(thread);
    const expect =
      request.expect ?? (await settler.snapshot(thread, `${thread.summary}\n\nWork kept by Muster before a merge.`));
    if (expect === undefined) throw noWorktree(thread);
    const merge: Merge = {
      id: ids.next(),
      threadId: thread.id,
      status: 'queued',
      target,
      strategy: request.strategy ?? strategyOf(project?.spec.merge.strategy),
      expect,
      commitMessage: request.message ?? commitMessage(thread),
      message: '',
      files: [],
      createdAt: clock.now(),
    };
    const inserted = store.transact(stores => {
      // While the snapshot was taken, somebody else may have asked for a merge or given the agent more to do.
      const meanwhile = requireMergeable(findThread(stores, thread.id));
      if (meanwhile) return meanwhile;
      stores.merges.insert(merge);
      stores.events.append(
        { kind: 'merge_changed', threadId: merge.threadId, mergeId: merge.id, status: merge.status },
        clock.now(),
      );
      return merge;
    });
    if (inserted === merge) this.#enqueue(merge, thread);
    return inserted;
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
    const merge = this.get(id);
    this.#aborts.get(merge.id)?.abort(new AppError('cancelled', 'The merge was cancelled.', {}));
    // One that waits for its turn need not wait for it to be cancelled.
    if (merge.status === 'queued') this.#end(merge, cancelledEarly);
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
    for (const merge of store.read(stores => stores.merges.active())) {
      const thread = store.read(stores => stores.threads.get(merge.threadId));
      if (thread) this.#enqueue(merge, thread);
    }
  }

  /** Leaves what is queued or half done to the next host. Resolves when nothing of it is at work, or it cannot be waited for. */
  async dispose(): Promise<void> {
    this.#leaving.abort();
    for (const abort of this.#aborts.values()) abort.abort(this.#hostEnds);
    await within(Promise.all(this.#working), { ms: endWaitsMs, clock: this.#options.clock });
  }

  #enqueue(merge: Merge, thread: Thread): void {
    if (this.#leaving.signal.aborted) return;
    const abort = new AbortController();
    this.#aborts.set(merge.id, abort);
    const work = this.#queue
      .run(thread.repository ?? thread.id, () => this.#merge(merge, thread, abort.signal), abort.signal)
      .catch((error: unknown) =>
        this.#failed(merge, abort.signal.aborted ? abort.signal.reason : error, cancelledEarly),
      )
      .finally(() => {
        this.#aborts.delete(merge.id);
        this.#working.delete(work);
      });
    this.#working.add(work);
  }

  async #merge(merge: Merge, thread: Thread, signal: AbortSignal): Promise<void> {
    const ref = worktreeOf(thread);
    if (!ref) throw noWorktree(thread);
    this.#save(merge, { status: 'checking' });
    try {
      const outcome = await performMerge(
        this.#options.driver,
        {
          id: merge.id,
          worktree: ref,
          commit: merge.expect,
          ...(thread.baseCommit === undefined ? {} : { baseCommit: thread.baseCommit }),
          target: merge.target,
          strategy: merge.strategy,
          message: merge.commitMessage,
          onNotice: text => this.#save(merge, { message: text }),
        },
        signal,
        { onLanding: () => this.#save(merge, { status: 'merging' }) },
      );
      this.#end(merge, this.#alreadyMerged(merge, outcome) ?? ended(outcome));
    } catch (error) {
      this.#failed(merge, signal.aborted ? signal.reason : error, {
        status: 'cancelled',
        message: 'Cancelled; nothing was changed.',
      });
    }
  }

  #failed(merge: Merge, reason: unknown, cancelled: Partial<Merge>): void {
    // The next host takes it up as it is.
    if (reason === this.#hostEnds) return;
    this.#end(merge, isAppError(reason, 'cancelled') ? cancelled : failed(reason));
  }

  /** Asking again for what was merged and is still there gets the same answer, and does not turn a merged thread into a blocked one. */
  #alreadyMerged(merge: Merge, outcome: MergeOutcome): Partial<Merge> | undefined {
    if (outcome.kind !== 'blocked' || outcome.reason !== 'nothing_to_merge') return undefined;
    const earlier = this.#options.store
      .read(stores => stores.merges.ofThread(merge.threadId))
      .findLast(each => each.status === 'merged' && each.target === merge.target && each.expect === merge.expect);
    if (earlier?.commit === undefined) return undefined;
    return { status: 'merged', commit: earlier.commit, message: 'It was merged already.' };
  }

  #save(merge: Merge, change: Partial<Merge>): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const current = stores.merges.get(merge.id);
      if (!current || !isMergeActive(current.status)) return;
      const next = { ...current, ...change };
      if (next.status === current.status && next.message === current.message) return;
      stores.merges.update(next);
      stores.events.append(
        { kind: 'merge_changed', threadId: merge.threadId, mergeId: merge.id, status: next.status },
        clock.now(),
      );
      if (next.status !== 'merged') return;
      const thread = stores.threads.get(merge.threadId);
      if (!thread) return;
      stores.threads.update({ ...thread, outcome: 'completed', updatedAt: clock.now() });
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, clock.now());
    });
  }

  #end(merge: Merge, change: Partial<Merge>): void {
    if (change.status === 'failed')
      this.#options.log.warn('A merge failed', { merge: merge.id, reason: change.message });
    const { clock, log } = this.#options;
    void commitSurely(() => this.#save(merge, { ...change, endedAt: clock.now() }), {
      what: `the end of merge ${merge.id}`,
      clock,
      log,
      signal: this.#leaving.signal,
    });
  }
}

const cancelledEarly: Partial<Merge> = { status: 'cancelled', message: 'Cancelled before it began.' };

/** The merge that is under way already, if there is one. Errors: `thread.busy`, `thread.closed`, `worktree.missing`. */
function requireMergeable({ thread, latestRun, latestMerge }: ThreadView): Merge | undefined {
  if (latestRun && isRunActive(latestRun.status)) {
    throw new AppError(
      'thread.busy',
      `${latestRun.agent} is still at work on thread ${thread.id}. Wait for it or cancel it, then merge.`,
      { thread: thread.id, status: latestRun.status },
    );
  }
  if (latestMerge && isMergeActive(latestMerge.status)) return latestMerge;
  if (!worktreeOf(thread)) throw noWorktree(thread);
  if (thread.outcome === 'abandoned') {
    throw new AppError(
      'thread.closed',
      `Thread ${thread.id} was abandoned. \`muster restore ${thread.id}\` brings it back.`,
      { thread: thread.id, status: thread.outcome },
    );
  }
  return undefined;
}

function noTarget(thread: Thread): AppError<'merge.refused'> {
  return new AppError(
    'merge.refused',
    `Thread ${thread.id} did not start from a branch. Name the target: \`muster merge ${thread.id} --into BRANCH\`.`,
    { thread: thread.id, reason: 'no target' },
  );
}

function ended(outcome: MergeOutcome): Partial<Merge> {
  switch (outcome.kind) {
    case 'merged':
      return { status: 'merged', commit: outcome.commit, message: outcome.note ?? '' };
    case 'blocked':
      return { status: 'blocked', reason: outcome.reason, message: outcome.message, files: outcome.files };
    case 'conflicted':
      return { status: 'conflicted', message: outcome.message, files: outcome.files };
  }
}

function failed(error: unknown): Partial<Merge> {
  return { status: 'failed', message: errorMessage(error) };
}

function strategyOf(strategy: 'merge' | 'squash' | 'rebase' | undefined): MergeStrategy {
  return strategy ?? 'merge';
}

function commitMessage(thread: Thread): string {
  return `${thread.summary}\n\nMuster-Thread: ${thread.id}\n`;
}
