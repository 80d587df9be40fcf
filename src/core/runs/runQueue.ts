import type { ProjectId, ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import { errorMessage } from '../../base/errors.js';
import type { AlarmClock } from '../../base/clock.js';
import type { Project } from '../projects/project.js';
import type { Store } from '../store.js';
import type { Run } from './run.js';
import type { BatchStores } from '../batches/batch.js';
import { closesAt, holdsBack, type Breaker, type BreakerStores } from './breaker.js';
import type { RunDelayStores } from './runDelay.js';
import { inTurn, type RunPriorityStores } from './runPriority.js';
import { presentRunLimit, type RunLimit } from './runLimit.js';
import { claimRun } from './runTransitions.js';
import type { QueuedRun, RunStores, WaitingRun } from './runStore.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { EventStores } from '../events/eventLog.js';

/** What a transaction needs in which runs are claimed. */
export type QueueStores = ProjectStores &
  RunStores &
  RunDelayStores &
  RunPriorityStores &
  BreakerStores &
  BatchStores &
  EventStores;

/** Queued runs that are looked at at once. */
const pageSize = 200;
/** After a failed claim. */
const againAfterMs = 2_000;

/**
 * Starts queued runs in order, those of higher priority first, as far as the limits allow: all runs of the host, of the project (`limits.concurrency`), of the
 * agent (`concurrency`), and one per thread, whose work must be put away before the next one starts.
 *
 * Modes: at rest → claiming → at rest; claiming → waiting to try again (the claim was not written: a full disk) → claiming;
 * any → stopped. {@link RunQueue.advance} is called whenever a run was queued or has ended, so that there is no polling; each
 * claim is a transaction that raises the run's generation, so that nothing starts twice. {@link RunQueue.stop} kills it.
 */
export class RunQueue {
  readonly #store: Store<QueueStores>;
  readonly #clock: AlarmClock;
  readonly #log: Log;
  readonly #limit: RunLimit;
  readonly #execute: (run: Run) => void;
  readonly #stop = new AbortController();
  #again: Promise<void> | undefined;
  /** For what waits for a time; replaced when another is earlier. */
  #alarm: { readonly at: number; readonly abort: AbortController } | undefined;

  constructor(options: {
    readonly store: Store<QueueStores>;
    readonly clock: AlarmClock;
    readonly log: Log;
    readonly limit: RunLimit;
    /** Takes over a claimed run until its end. */
    readonly execute: (run: Run) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#limit = options.limit;
    this.#execute = options.execute;
  }

  /** Claims and hands over every run that may start now. */
  advance(): void {
    if (!this.#stop.signal.aborted) this.#begin(this.#claim());
  }

  /** Claims in the transaction of whoever queued a run, because somebody waits for it. What is returned hands over what was claimed, once that is written. */
  claimIn(stores: QueueStores): () => void {
    if (this.#stop.signal.aborted) return () => undefined;
    const claims = claimAll(stores, this.#limit, this.#clock.now());
    return () => this.#begin(claims);
  }

  /** Claims no more: the host is shutting down. */
  stop(): void {
    this.#stop.abort();
    this.#alarm?.abort.abort();
  }

  /** Whoever dispatched or ended a run has done so already: a full disk only makes the queue wait. */
  #claim(): Claims {
    try {
      return this.#store.transact(stores => claimAll(stores, this.#limit, this.#clock.now()));
    } catch (error) {
      if (!this.#again)
        this.#log.error('The queue could not go on; it is tried again', { reason: errorMessage(error) });
      this.#again ??= this.#advanceLater();
      return { claimed: [], wakeAt: undefined };
    }
  }

  #begin({ claimed, wakeAt }: Claims): void {
    if (wakeAt !== undefined) this.#setAlarm(wakeAt);
    for (const run of claimed) {
      try {
        this.#execute(run);
      } catch (error) {
        this.#log.error('A claimed run could not be handed over', { run: run.id, reason: errorMessage(error) });
      }
    }
  }

  /** One alarm, for the earliest moment at which something may start that may not now. */
  #setAlarm(at: number): void {
    if (this.#stop.signal.aborted || (this.#alarm && this.#alarm.at <= at)) return;
    this.#alarm?.abort.abort();
    const abort = new AbortController();
    this.#alarm = { at, abort };
    this.#clock.wakeAt(at, abort.signal).then(
      () => {
        this.#alarm = undefined;
        this.advance();
      },
      // Another alarm is earlier, or the host ends.
      () => undefined,
    );
  }

  async #advanceLater(): Promise<void> {
    try {
      await this.#clock.sleep(againAfterMs, this.#stop.signal);
    } catch {
      return;
    }
    this.#again = undefined;
    this.advance();
  }
}

interface Claims {
  readonly claimed: readonly Run[];
  /** When to look again, because somebody waits for that time. */
  readonly wakeAt: number | undefined;
}

function claimAll(stores: QueueStores, machine: RunLimit, now: number): Claims {
  const limit = presentRunLimit(machine, stores);
  const load = new Load(stores, stores.runs.active());
  // A queue of thousands behind a full machine costs nothing.
  if (load.total >= limit) return { claimed: [], wakeAt: undefined };
  const delayed = stores.delays.pending(now);
  const early = new Set([...delayed.map(({ runId }) => runId), ...stores.batches.blocked()]);
  const breakers = new Breakers(stores, now);
  for (const { run } of stores.runs.settling()) load.hold(run.threadId);
  const claimed: Run[] = [];
  for (const candidate of inTurn(waitingRuns(stores, load), stores.priorities.waiting())) {
    if (load.total >= limit) break;
    if (early.has(candidate.id) || !load.hasRoom(candidate)) continue;
    const queued = stores.runs.get(candidate.id);
    if (!queued || breakers.holdBack(queued.provider)) continue;
    const run = claimRun(queued);
    stores.runs.update(run);
    stores.events.append({ kind: 'run_changed', threadId: run.threadId, runId: run.id, status: run.status }, now);
    load.add(candidate);
    breakers.add(run.provider);
    claimed.push(run);
  }
  const times = [...breakers.waitedFor, ...(delayed[0] ? [delayed[0].dueAt] : [])];
  return { claimed, wakeAt: times.length === 0 ? undefined : Math.min(...times) };
}

/** Providers that are left alone, while claims are made. */
class Breakers {
  readonly #now: number;
  readonly #breakers: ReadonlyMap<string, Breaker>;
  readonly #active = new Map<string, number>();
  /** When those that held something back may be tried again. */
  readonly waitedFor = new Set<number>();

  constructor(stores: BreakerStores & RunStores, now: number) {
    this.#now = now;
    const open = stores.breakers.all().filter(({ openedAt }) => openedAt !== undefined);
    this.#breakers = new Map(open.map(breaker => [breaker.provider, breaker]));
    if (open.length > 0) for (const { run } of stores.runs.active()) this.add(run.provider);
  }

  add(provider: string): void {
    this.#active.set(provider, (this.#active.get(provider) ?? 0) + 1);
  }

  holdBack(provider: string): boolean {
    const breaker = this.#breakers.get(provider);
    const holds = holdsBack(breaker, { now: this.#now, active: this.#active.get(provider) ?? 0 });
    if (holds && breaker?.openedAt !== undefined && closesAt(breaker.openedAt) > this.#now)
      this.waitedFor.add(closesAt(breaker.openedAt));
    return holds;
  }
}

/**
 * Queued runs in the order in which they were queued, a page at a time: mostly the first ones are those that may start. Where they may not, thousands may wait behind
 * them for the same agents, and are passed over unread.
 */
function* waitingRuns(stores: RunStores, load: Load): Generator<WaitingRun> {
  for (let page = stores.runs.waiting(0, pageSize, []); ;) {
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < pageSize) return;
    page = stores.runs.waiting(last.position, pageSize, load.fullAgents());
  }
}

type Place = Pick<WaitingRun, 'projectId' | 'agent' | 'threadId'>;

/** Who is busy with what, while claims are made. */
class Load {
  total = 0;
  readonly #stores: ProjectStores;
  readonly #perKey = new Map<string, number>();
  /** Threads whose last run is settling. */
  readonly #held = new Set<ThreadId>();
  readonly #projects = new Map<ProjectId, Project | undefined>();

  constructor(stores: ProjectStores, active: readonly QueuedRun[]) {
    this.#stores = stores;
    for (const { run, projectId } of active) this.add({ threadId: run.threadId, agent: run.agent, projectId });
  }

  add({ projectId, agent, threadId }: Place): void {
    this.total++;
    for (const key of [projectId, `${projectId}/${agent}`, threadId]) {
      this.#perKey.set(key, (this.#perKey.get(key) ?? 0) + 1);
    }
  }

  /** Nothing of this thread may start. */
  hold(thread: ThreadId): void {
    this.#held.add(thread);
  }

  hasRoom({ projectId, agent: name, threadId }: Place): boolean {
    const spec = this.#project(projectId)?.spec;
    const agent = spec?.agents.find(candidate => candidate.name === name);
    return (
      !this.#held.has(threadId) &&
      this.#count(threadId) < 1 &&
      this.#count(projectId) < (spec?.limits.concurrency ?? Infinity) &&
      this.#count(`${projectId}/${name}`) < (agent?.concurrency ?? Infinity)
    );
  }

  /** Names of agents that have no room in any project. */
  fullAgents(): readonly string[] {
    const full = new Set<string>();
    const open = new Set<string>();
    for (const { id, spec } of this.#stores.projects.list())
      for (const { name, concurrency = Infinity } of spec.agents) {
        const isFull =
          this.#count(id) >= (spec.limits.concurrency ?? Infinity) || this.#count(`${id}/${name}`) >= concurrency;
        (isFull ? full : open).add(name);
      }
    return [...full].filter(name => !open.has(name));
  }

  #count(key: string): number {
    return this.#perKey.get(key) ?? 0;
  }

  #project(id: ProjectId): Project | undefined {
    if (!this.#projects.has(id)) this.#projects.set(id, this.#stores.projects.get(id));
    return this.#projects.get(id);
  }
}
