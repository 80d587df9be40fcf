import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError, errorMessage, isAppError } from '../../base/errors.js';
import type { IdSource, MergeId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import { commitSurely } from '../commitSurely.js';
import type { EventStores } from '../events/eventLog.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { noWorktree } from '../threads/threadService.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { WorktreeRef } from '../workspaces/worktreeDriver.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import type { CandidateVerifier } from './candidateVerifier.js';
import { isMergeActive, type Merge } from './merge.js';
import type { MergeDriver, MergeOutcome, MergeRequest } from './mergeDriver.js';
import type { QueuedMerge } from './mergeQueueStore.js';
import type { MergeSet } from './mergeSet.js';
import type { MergeStores } from './mergeStore.js';
import type { MergeTrain } from './mergeTrain.js';
import { performMerge } from './performMerge.js';
import { performSet, type MemberTree } from './performSet.js';
import { endOf, endsOf } from './setOutcome.js';
import { landedHead } from './standingMerge.js';
import { pushOf } from './mergePusher.js';
import { performTrain, type CoupledMerges } from './performTrain.js';

interface MergeWorkOptions {
  readonly store: Store<ProjectStores & ThreadStores & MergeStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly driver: MergeDriver;
  readonly verifier: CandidateVerifier;
  /** Aborted when the host ends. */
  readonly leaving: AbortSignal;
  /** Called for each merge that is over, also before the database can say so. */
  readonly onEnd: (merge: MergeId) => void;
}

/** What the end of a merge touches. */
type EndingStores = ProjectStores & ThreadStores & MergeStores & EventStores;

/** A merge at work. */
interface Working {
  readonly merge: Merge;
  readonly entry: QueuedMerge;
  readonly request: MergeRequest;
  /** With those of its thread's other repositories. */
  readonly set?: { readonly set: MergeSet; readonly requests: ReadonlyMap<MergeId, MergeRequest> };
}

/** Merges from their turn to their end. */
export class MergeWork {
  /** What stops merges that the next host goes on with. */
  readonly hostEnds = new AppError('cancelled', 'The host ends.', {});
  readonly #options: MergeWorkOptions;
  /** Cancelled by a person while they were at work. */
  readonly #withdrawn = new Set<MergeId>();

  constructor(options: MergeWorkOptions) {
    this.#options = options;
  }

  /** Works on merges of one lane, together where they can be. Those that do not end have another turn. Never rejects. */
  async perform(entries: readonly QueuedMerge[], signal: AbortSignal): Promise<void> {
    const all: Working[] = [];
    try {
      for (const entry of entries) all.push(...this.#begin(entry));
      const left: Working[] = [];
      for (const working of all)
        if (working.set) await this.#inAllRepositories(working, working.set, signal);
        else if (!(await this.#landedEarlier(working, signal))) left.push(working);
      await this.#together(left, signal).catch(async (error: unknown) => {
        if (signal.aborted || left.length < 2) throw error;
        // Broken machinery is the answer of the one that it breaks on, and of no other.
        for (const working of left) if (this.#isActive(working)) await this.#alone(working, signal);
      });
    } catch (error) {
      this.#stopped(all, signal.aborted ? signal.reason : error);
    }
  }

  /** The next time that it stops, it is over. */
  withdraw(merge: MergeId): void {
    this.#withdrawn.add(merge);
  }

  /** Ends a merge, and those of its thread's other repositories with it; one that has ended stays as it is. `also` is the same transaction. */
  end(merge: Merge, change: Partial<Merge>, also?: (stores: EndingStores) => void): void {
    const { clock, log, onEnd, leaving } = this.#options;
    if (change.status === 'failed') log.warn('A merge failed', { merge: merge.id, reason: change.message });
    onEnd(merge.id);
    this.#withdrawn.delete(merge.id);
    void commitSurely(() => this.#save(merge, { ...change, endedAt: clock.now() }, also), {
      what: `the end of merge ${merge.id}`,
      clock,
      log,
      signal: leaving,
    });
  }

  #begin(entry: QueuedMerge): readonly Working[] {
    const found = this.#options.store.read(stores => {
      const merge = stores.merges.get(entry.merge);
      const thread = merge && stores.threads.get(merge.threadId);
      return thread && { merge, thread, landed: landedHead(stores, thread, merge.target) };
    });
    if (!found) {
      this.#options.onEnd(entry.merge);
      return [];
    }
    const { merge, thread, landed } = found;
    const worktree = worktreeOf(thread);
    if (!worktree) {
      this.end(merge, { status: 'failed', message: noWorktree(thread).message });
      return [];
    }
    this.#save(merge, { status: 'checking' });
    const onNotice = (text: string): void => this.#save(merge, { message: text });
    const request = { ...requestOf(merge, thread, worktree), ...defined({ landed }), onNotice };
    const set = this.#options.store.read(stores => setOf(stores, merge.id, onNotice));
    return [{ merge, entry, request, ...defined({ set }) }];
  }

  /** Never rejects for reasons of the merges themselves. */
  async #inAllRepositories({ merge }: Working, begun: NonNullable<Working['set']>, signal: AbortSignal): Promise<void> {
    const { driver, verifier, store, leaving } = this.#options;
    let { set } = begun;
    const verify = (trees: readonly MemberTree[]) =>
      verifier.verifyTogether(
        trees.map(({ member: { name, verify: commands }, request, commit }) => ({ name, commands, request, commit })),
        signal,
      );
    const save = (next: MergeSet, back?: MergeId): void => {
      set = next;
      if (next.step === 'landing') this.#save(merge, { status: 'merging' });
      store.transact(stores => {
        stores.mergeSets.save(next);
        if (back !== undefined) stores.landings.remove(back);
      });
    };
    try {
      const outcome = await performSet(driver, begun, signal, { verify, save, leaving });
      const ends = endsOf(set, outcome);
      const already = outcome.kind === 'refused' ? this.#alreadyMerged(merge, outcome.outcome) : undefined;
      this.end(merge, already ?? ends.get(merge.id) ?? {}, stores => {
        stores.mergeSets.save({ ...set, step: 'done' });
        for (const [id, end] of ends) {
          const other = id === merge.id ? undefined : stores.merges.get(id);
          const change = already && other ? { ...already, commit: other.expect } : end;
          if (other) this.#saveIn(stores, other, { ...change, endedAt: this.#options.clock.now() });
        }
      });
    } catch (error) {
      signal.throwIfAborted();
      this.end(merge, { status: 'failed', message: errorMessage(error) });
    }
  }

  #isActive({ merge }: Working): boolean {
    return isMergeActive(this.#options.store.read(stores => stores.merges.get(merge.id))?.status ?? merge.status);
  }

  async #together(all: readonly Working[], signal: AbortSignal): Promise<void> {
    const { driver, verifier } = this.#options;
    const of = (request: MergeRequest): Working | undefined => all.find(({ merge }) => merge.id === request.id);
    const members = ({ cars }: CoupledMerges): readonly Working[] => cars.flatMap(({ request }) => of(request) ?? []);
    await performTrain(
      driver,
      all.map(({ request }) => request),
      signal,
      {
        alone: async request => {
          const working = of(request);
          if (working) await this.#alone({ ...working, request }, signal);
        },
        couple: coupled => this.#couple(coupled),
        verify: coupled => {
          const tell = (text: string): void => {
            const words = text === '' ? '' : `${text} (together with ${coupled.cars.length - 1} more)`;
            for (const { merge } of members(coupled)) this.#save(merge, { message: words });
          };
          const [first] = members(coupled);
          if (first === undefined) throw new Error('Nothing is verified together');
          const { candidate } = coupled;
          return verifier.verify(
            { ...first.request, onNotice: tell },
            { candidate, commands: first.entry.verify },
            signal,
          );
        },
        onLanding: coupled => {
          for (const { merge } of members(coupled)) this.#save(merge, { status: 'merging' });
        },
        landed: (coupled, { id }) => {
          const train = trainOf(id, coupled);
          const [first] = coupled.cars;
          this.#landed(train, first && verifier.flaky(first.request.id, coupled.candidate.to));
        },
      },
    );
  }

  /** Never rejects for reasons of the merge itself. */
  async #alone({ merge, request, entry }: Working, signal: AbortSignal): Promise<void> {
    const { driver, verifier } = this.#options;
    try {
      const outcome = await performMerge(driver, request, signal, {
        verify: candidate => verifier.verify(request, { candidate, commands: entry.verify }, signal),
        onLanding: () => this.#save(merge, { status: 'merging' }),
      });
      const flaky = outcome.kind === 'merged' ? verifier.flaky(merge.id, outcome.commit) : undefined;
      const noted = outcome.kind === 'merged' && flaky !== undefined ? { note: flaky, ...outcome } : outcome;
      this.end(merge, this.#alreadyMerged(merge, noted) ?? endOf(noted));
    } catch (error) {
      signal.throwIfAborted();
      this.end(merge, { status: 'failed', message: errorMessage(error) });
    }
  }

  #couple(coupled: CoupledMerges): MergeRequest {
    const { store, ids } = this.#options;
    const [first] = coupled.cars;
    if (first === undefined) throw new Error('Nothing is coupled');
    const train = trainOf(ids.next(), coupled);
    store.transact(stores => stores.trains.insert(train));
    const { onNotice: _, ...request } = first.request;
    return { ...request, id: train.id };
  }

  /** An earlier host was killed after the train of this merge had begun to move the target. */
  async #landedEarlier(working: Working, signal: AbortSignal): Promise<boolean> {
    const { store, driver } = this.#options;
    // With another merge of its train.
    if (!this.#isActive(working)) return true;
    const { merge, request } = working;
    const { train, landing } = store.read(stores => {
      const last = stores.trains.ofMerge(merge.id).at(-1);
      return { train: last, landing: last && stores.landings.get(last.id) };
    });
    if (train === undefined || landing === undefined) return false;
    const outcome = await driver.resume({ ...request, id: train.id }, signal);
    if (outcome?.kind !== 'merged') return false;
    this.#landed(train, outcome.note);
    return true;
  }

  /** Ends all of a train, each with its own step of the target, which can be taken back by itself. */
  #landed(train: MergeTrain, note: string | undefined): void {
    const { store } = this.#options;
    const together = `Verified and merged together with ${train.cars.length - 1} more.`;
    for (const { merge: id, from, to } of train.cars) {
      const merge = store.read(stores => stores.merges.get(id));
      if (!merge || !isMergeActive(merge.status)) continue;
      const message = note === undefined ? together : `${together} ${note}`;
      this.end(merge, { status: 'merged', commit: to, message }, stores => {
        const landing = stores.landings.get(train.id);
        if (landing) stores.landings.save({ ...landing, merge: id, step: 'done', from, to });
      });
    }
  }

  #stopped(all: readonly Working[], reason: unknown): void {
    // The next host takes it up as it is.
    if (reason === this.hostEnds) return;
    for (const { merge } of all) {
      if (!isAppError(reason, 'cancelled')) this.end(merge, { status: 'failed', message: errorMessage(reason) });
      else if (this.#withdrawn.has(merge.id)) this.end(merge, cancelled);
    }
  }

  /**
   * Asking again for what was merged and is still there gets the same answer, and does not turn a merged thread into a blocked
   * one. Its head may be another one by now: that of the target, when the thread was brought up to it.
   */
  #alreadyMerged(merge: Merge, outcome: MergeOutcome): Partial<Merge> | undefined {
    if (outcome.kind !== 'blocked' || outcome.reason !== 'nothing_to_merge') return undefined;
    const [merges, thread] = this.#options.store.read(stores => [
      stores.merges.ofThread(merge.threadId),
      stores.threads.get(merge.threadId),
    ]);
    const same = (expect: string): boolean => expect === merge.expect || thread?.outcome !== 'open';
    const earlier = merges.findLast(
      ({ status, target, expect }) => status === 'merged' && target === merge.target && same(expect),
    );
    if (earlier?.commit === undefined) return undefined;
    if (this.#options.store.read(stores => stores.undos.get(earlier.id))) return undefined;
    return { status: 'merged', commit: earlier.commit, message: 'It was merged already.' };
  }

  #save(merge: Merge, change: Partial<Merge>, also?: (stores: EndingStores) => void): void {
    this.#options.store.transact(stores => {
      if (!this.#saveIn(stores, merge, change)) return;
      also?.(stores);
      // Those of the thread's other repositories go where it goes, unless they were told where.
      const set = stores.mergeSets.ofMerge(merge.id);
      if (set?.id !== merge.id) return;
      for (const { merge: id } of set.members) {
        const member = id === merge.id ? undefined : stores.merges.get(id);
        if (member) this.#saveIn(stores, member, change);
      }
    });
  }

  /** False: it has ended, or that is what it is already. */
  #saveIn(stores: EndingStores, merge: Merge, change: Partial<Merge>): boolean {
    const { clock } = this.#options;
    const current = stores.merges.get(merge.id);
    if (!current || !isMergeActive(current.status)) return false;
    const thread = change.status === 'merged' ? stores.threads.get(merge.threadId) : undefined;
    const next = { ...current, ...change, ...defined({ push: thread && pushOf(stores, thread, merge.id) }) };
    if (next.status === current.status && next.message === current.message) return false;
    stores.merges.update(next);
    if (!isMergeActive(next.status)) stores.mergeQueue.remove(merge.id);
    stores.events.append(
      { kind: 'merge_changed', threadId: merge.threadId, mergeId: merge.id, status: next.status },
      clock.now(),
    );
    if (!thread) return true;
    stores.threads.update({ ...thread, outcome: 'completed', updatedAt: clock.now() });
    stores.events.append({ kind: 'thread_changed', threadId: thread.id }, clock.now());
    return true;
  }
}

function requestOf(merge: Merge, thread: Thread, worktree: WorktreeRef): MergeRequest {
  return {
    id: merge.id,
    worktree,
    commit: merge.expect,
    ...defined({ baseCommit: thread.baseCommit, carried: thread.carried }),
    target: merge.target,
    strategy: merge.strategy,
    message: merge.commitMessage,
  };
}

/** The merges that land with one, ready to be asked for. */
function setOf(
  stores: ThreadStores & MergeStores,
  id: MergeId,
  onNotice: (text: string) => void,
): Working['set'] | undefined {
  const set = stores.mergeSets.ofMerge(id);
  if (set === undefined) return undefined;
  const requests = new Map<MergeId, MergeRequest>();
  for (const member of set.members) {
    const merge = stores.merges.get(member.merge);
    const thread = merge && stores.threads.get(merge.threadId);
    const worktree = thread && worktreeOf(thread);
    if (merge && thread && worktree) requests.set(member.merge, { ...requestOf(merge, thread, worktree), onNotice });
  }
  return { set, requests };
}

function trainOf(id: MergeId, { cars }: CoupledMerges): MergeTrain {
  return { id, cars: cars.map(({ request, candidate: { from, to } }) => ({ merge: request.id, from, to })) };
}

const cancelled: Partial<Merge> = { status: 'cancelled', message: 'Cancelled; nothing was changed.' };
