import type { Clock } from '../../base/clock.js';
import type { ProjectId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import { isRunActive, type Run } from '../runs/run.js';
import type { RunStores } from '../runs/runStore.js';
import type { ScriptRun, ScriptStores } from '../scripts/scriptRun.js';
import type { Store } from '../store.js';
import type { ScheduleStores } from './scheduleStore.js';
import type { RecordedFire } from './trigger.js';

/** How what a trigger started has ended; a fire that came to nothing is `skipped` or `failed`. */
export const pruneStatuses = ['succeeded', 'failed', 'canceled', 'skipped'] as const;
export type PruneStatus = (typeof pruneStatuses)[number];

export interface PruneRequest {
  readonly projectId: ProjectId;
  readonly agent?: string;
  /** Name of a trigger. */
  readonly name?: string;
  /** Empty: all of them. */
  readonly statuses: readonly PruneStatus[];
  readonly olderThanMs: number;
  /** Without it nothing is removed. */
  readonly force: boolean;
}

/** Rows of the history. */
export interface PruneCounts {
  readonly fires: number;
  readonly scriptRuns: number;
  readonly scriptCalls: number;
  /** Fires of an event, and those of them that led to a thread. */
  readonly deliveries: number;
  readonly deliveredThreads: number;
}

type PruneStores = ScheduleStores & ScriptStores & RunStores & EventStores;

/** Fires that one transaction looks at: some milliseconds, after which other calls get their turn. */
const page = 500;

/**
 * Takes old fires of a project out of the history, with what their scripts did. Threads, runs and messages stay: they have an
 * age of their own. What is still to do or at work stays, and so does the last start of each trigger: a sticky schedule goes on
 * in its thread.
 */
export class PruneFires {
  readonly #store: Store<PruneStores>;
  readonly #clock: Clock;

  constructor(options: { readonly store: Store<PruneStores>; readonly clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** What fits, and how much of it was removed. */
  async prune(
    request: PruneRequest,
    signal: AbortSignal,
  ): Promise<{ readonly matched: PruneCounts; readonly removed: PruneCounts }> {
    const before = this.#clock.now() - request.olderThanMs;
    const lastStarts = new Set<string>();
    let matched = nothing;
    let beforeSequence: number | undefined;
    for (;;) {
      const fires = this.#store.transact(stores => {
        const found = stores.schedules.history({ ...request, beforeSequence, limit: page });
        const fitting = found.filter(
          fire => !isLastStart(fire, lastStarts) && fire.at <= before && fits(stores, fire, request.statuses),
        );
        for (const fire of fitting) {
          matched = plus(matched, countsOf(stores, fire));
          if (request.force) remove(stores, fire);
        }
        if (request.force && fitting.length > 0)
          stores.events.append({ kind: 'schedule_changed', projectId: request.projectId }, this.#clock.now());
        return found;
      });
      beforeSequence = fires.at(-1)?.sequence;
      if (fires.length < page) return { matched, removed: request.force ? matched : nothing };
      await this.#clock.sleep(0, signal);
    }
  }
}

const nothing: PruneCounts = { fires: 0, scriptRuns: 0, scriptCalls: 0, deliveries: 0, deliveredThreads: 0 };

/** The newest start of its trigger; the history is read from its end. */
function isLastStart({ agent, name, outcome }: RecordedFire, seen: Set<string>): boolean {
  const trigger = JSON.stringify([agent, name]);
  if (outcome !== 'started' || seen.has(trigger)) return false;
  seen.add(trigger);
  return true;
}

function fits(stores: PruneStores, fire: RecordedFire, statuses: readonly PruneStatus[]): boolean {
  const status = statusOf(stores, fire);
  if (status === undefined || isGoneOnWith(stores, fire)) return false;
  return statuses.length === 0 || statuses.includes(status);
}

/** A script's sticky calls go on in the thread that it last gave work to, which its calls alone tell. */
function isGoneOnWith({ scripts }: PruneStores, { projectId, agent, scriptRunId }: RecordedFire): boolean {
  if (scriptRunId === undefined) return false;
  const last = scripts.lastThread({ projectId, agent });
  return last !== undefined && scripts.calls(scriptRunId).some(({ threadId }) => threadId === last);
}

/** Nothing for what has not ended. */
function statusOf(stores: PruneStores, { outcome, runId, scriptRunId }: RecordedFire): PruneStatus | undefined {
  switch (outcome) {
    case 'waiting':
      return undefined;
    case 'skipped':
    case 'missed':
      return 'skipped';
    case 'failed':
      return 'failed';
    case 'started': {
      const script = scriptRunId === undefined ? undefined : stores.scripts.get(scriptRunId);
      if (script) return scriptStatus(script);
      const run = runId === undefined ? undefined : stores.runs.get(runId);
      // What it started is not known any more: there is nothing left to wait for.
      return run ? runStatus(run) : 'failed';
    }
  }
}

function runStatus(run: Run): PruneStatus | undefined {
  if (isRunActive(run.status) || !run.settled) return undefined;
  if (run.status === 'succeeded') return 'succeeded';
  return run.status === 'cancelled' ? 'canceled' : 'failed';
}

function scriptStatus({ status }: ScriptRun): PruneStatus | undefined {
  if (status === 'running') return undefined;
  if (status === 'succeeded') return 'succeeded';
  return status === 'cancelled' ? 'canceled' : 'failed';
}

function countsOf(stores: PruneStores, { eventId, threadId, scriptRunId }: RecordedFire): PruneCounts {
  return {
    fires: 1,
    scriptRuns: scriptRunId === undefined ? 0 : 1,
    scriptCalls: scriptRunId === undefined ? 0 : stores.scripts.calls(scriptRunId).length,
    deliveries: eventId === undefined ? 0 : 1,
    deliveredThreads: eventId === undefined || threadId === undefined ? 0 : 1,
  };
}

function remove({ schedules, scripts }: PruneStores, { sequence, scriptRunId }: RecordedFire): void {
  schedules.forget(sequence);
  if (scriptRunId !== undefined) scripts.forget(scriptRunId);
}

function plus(a: PruneCounts, b: PruneCounts): PruneCounts {
  return {
    fires: a.fires + b.fires,
    scriptRuns: a.scriptRuns + b.scriptRuns,
    scriptCalls: a.scriptCalls + b.scriptCalls,
    deliveries: a.deliveries + b.deliveries,
    deliveredThreads: a.deliveredThreads + b.deliveredThreads,
  };
}
