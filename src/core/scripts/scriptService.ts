import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { errorMessage } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { RegisteredScript } from '../../compose/projectSpec.js';
import { commitSurely } from '../commitSurely.js';
import type { EventStores } from '../events/eventLog.js';
import type { Project } from '../projects/project.js';
import type { Store } from '../store.js';
import type { TopicEventId } from '../topics/topicEvent.js';
import { recorded, type ScriptCalls } from './scriptCalls.js';
import type { ScriptEnd, ScriptEngine, ScriptFault } from './scriptEngine.js';
import type { ScriptOwner, ScriptRun, ScriptRunId, ScriptStatus, ScriptStores } from './scriptRun.js';

/** A script waits for its agents, which take their time; one that has not ended by then has lost its way. */
const limitMs = 60 * 60_000;

export interface ScriptStart {
  readonly project: Project;
  readonly agent: string;
  readonly script: RegisteredScript;
  /** Missing: `main`, else the only one. */
  readonly trigger?: string | undefined;
  readonly key?: string | undefined;
  /** JSON. */
  readonly argument?: string | undefined;
  readonly eventId?: TopicEventId | undefined;
}

export interface ScriptServiceOptions {
  readonly store: Store<ScriptStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly engine: ScriptEngine;
  readonly calls: ScriptCalls;
}

interface AtWork {
  readonly abort: AbortController;
  readonly over: Promise<void>;
}

/** Runs scripts of schedulers and keeps the record of what they did. */
export class ScriptService implements Disposable {
  readonly #options: ScriptServiceOptions;
  readonly #atWork = new Map<ScriptRunId, AtWork>();
  readonly #leaving = new AbortController();

  constructor(options: ScriptServiceOptions) {
    this.#options = options;
  }

  /** Scripts do not outlive their host: those that an earlier one left are lost. */
  recover(): void {
    const { store, clock } = this.#options;
    for (const run of store.read(stores => stores.scripts.running())) {
      if (this.#atWork.has(run.id)) continue;
      const lost = { ...run, status: 'lost', error: 'The host ended under it.', endedAt: clock.now() } as const;
      store.transact(stores => write(stores, lost, clock.now()));
    }
  }

  /** Ends what is at work; the record says that it was lost. */
  async dispose(): Promise<void> {
    this.#leaving.abort();
    for (const { abort } of this.#atWork.values()) abort.abort();
    await Promise.all([...this.#atWork.values()].map(({ over }) => over));
  }

  /** Writes the run down and begins it; a key that was used before answers what it began then. */
  start(start: ScriptStart): ScriptRun {
    const { store, clock, ids } = this.#options;
    const { project, agent, script, trigger, key, argument, eventId } = start;
    const { run, isNew } = store.transact(stores => {
      const earlier = key === undefined ? undefined : stores.scripts.byKey(key);
      if (earlier) return { run: earlier, isNew: false };
      const made: ScriptRun = {
        id: ids.next<'scriptRun'>(),
        projectId: project.id,
        agent,
        sourceHash: script.sha256,
        status: 'running',
        startedAt: clock.now(),
        ...defined({ trigger, key, eventId, payload: argument }),
      };
      stores.scripts.insert(made);
      stores.events.append({ kind: 'schedule_changed', projectId: project.id }, made.startedAt);
      return { run: made, isNew: true };
    });
    if (isNew) this.#begin(run, start);
    return run;
  }

  /** Resolves when the run has ended; at once when it is not at work here. */
  async ended(run: ScriptRunId): Promise<void> {
    await this.#atWork.get(run)?.over;
  }

  isAtWork({ projectId, agent }: ScriptOwner): boolean {
    return this.#runsOf({ projectId, agent }).length > 0;
  }

  /** Ends every run of the agent's script, with what it started. */
  async cancel(owner: ScriptOwner): Promise<void> {
    const ending = this.#runsOf(owner).flatMap(({ id }) => this.#atWork.get(id) ?? []);
    for (const { abort } of ending) abort.abort();
    await Promise.all(ending.map(({ over }) => over));
  }

  #runsOf({ projectId, agent }: ScriptOwner): readonly ScriptRun[] {
    const all = this.#options.store.read(stores => stores.scripts.running());
    return all.filter(run => run.projectId === projectId && run.agent === agent);
  }

  #begin(run: ScriptRun, start: ScriptStart): void {
    const abort = new AbortController();
    if (this.#leaving.signal.aborted) abort.abort();
    const over = this.#work(run, start, abort.signal).finally(() => this.#atWork.delete(run.id));
    this.#atWork.set(run.id, { abort, over });
  }

  /** Never rejects. */
  async #work(run: ScriptRun, { project, script }: ScriptStart, signal: AbortSignal): Promise<void> {
    const { store, clock, log, engine, calls } = this.#options;
    // The caller's transaction and what follows from it come first.
    await Promise.resolve();
    const host = calls.of({ project, run, signal });
    const end = await engine
      .run({ source: script.text, trigger: run.trigger, argument: run.payload, limitMs, call: host }, signal)
      .catch((error: unknown): ScriptEnd => ({ ok: false, fault: { kind: 'crashed', message: errorMessage(error) } }));
    const ended = endedRun(run, end, { now: clock.now(), isLeaving: this.#leaving.signal.aborted });
    await commitSurely(() => store.transact(stores => write(stores, ended, clock.now())), {
      what: `the end of script run ${run.id}`,
      clock,
      log,
      signal: this.#leaving.signal,
    });
  }
}

function write(stores: ScriptStores & EventStores, run: ScriptRun, now: number): void {
  stores.scripts.update(run);
  stores.events.append({ kind: 'schedule_changed', projectId: run.projectId }, now);
}

const statusOf = {
  error: 'failed',
  memory: 'failed',
  crashed: 'failed',
  deadline: 'timed_out',
  cancelled: 'cancelled',
} as const satisfies Record<ScriptFault['kind'], ScriptStatus>;

function endedRun(
  run: ScriptRun,
  end: ScriptEnd,
  { now, isLeaving }: { readonly now: number; readonly isLeaving: boolean },
): ScriptRun {
  if (end.ok) return { ...run, status: 'succeeded', endedAt: now, ...defined({ result: end.result }) };
  const { kind, message, line, column } = end.fault;
  if (isLeaving) return { ...run, status: 'lost', endedAt: now, error: 'The host ended under it.' };
  const where = line === undefined ? '' : ` (line ${line}${column === undefined ? '' : `, column ${column}`})`;
  return { ...run, status: statusOf[kind], endedAt: now, error: recorded(`${message}${where}`) };
}
