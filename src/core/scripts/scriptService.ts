import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { errorMessage } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { RegisteredScript, WorkflowMeta } from '../../compose/projectSpec.js';
import { commitSurely } from '../commitSurely.js';
import type { EventStores } from '../events/eventLog.js';
import { isConsented } from '../projects/consent.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { TopicEventId } from '../topics/topicEvent.js';
import { recorded, type CallContext } from './agentAnswer.js';
import { hostEnds } from './agentTasks.js';
import type { ScriptCalls } from './scriptCalls.js';
import type { ScriptEnd, ScriptEngine, ScriptFault } from './scriptEngine.js';
import type { ScriptOwner, ScriptRun, ScriptRunId, ScriptStatus, ScriptStores } from './scriptRun.js';

/** A script waits for its agents, which take their time; one that has not ended by then has lost its way. */
const limitMs = 60 * 60_000;
/** The same of a workflow, which outlives its host. */
const workflowLimitMs = 24 * 60 * 60_000;

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
  /** Of a workflow: what was begun under it is taken up. Missing: a new one. */
  readonly origin?: string | undefined;
  readonly parentId?: ScriptRunId | undefined;
}

export interface ScriptServiceOptions {
  readonly store: Store<ScriptStores & ProjectStores & EventStores>;
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

  /**
   * Scripts do not outlive their host: those that an earlier one left are lost. Workflows go on, from their beginning: what their
   * agents have answered is found again.
   */
  recover(): void {
    const { store, clock } = this.#options;
    for (const run of store.read(stores => stores.scripts.running())) {
      if (this.#atWork.has(run.id)) continue;
      const start = this.#resumable(run);
      if (start) {
        this.#begin(run, start);
        continue;
      }
      const lost = { ...run, status: 'lost', error: 'The host ended under it.', endedAt: clock.now() } as const;
      store.transact(stores => write(stores, lost, clock.now()));
    }
  }

  /** Ends what is at work; the record says that it was lost. */
  async dispose(): Promise<void> {
    this.#leaving.abort(hostEnds);
    for (const { abort } of this.#atWork.values()) abort.abort(hostEnds);
    await Promise.all([...this.#atWork.values()].map(({ over }) => over));
  }

  /** Writes the run down and begins it; a key that was used before answers what it began then. */
  start(start: ScriptStart): ScriptRun {
    const { store, clock, ids } = this.#options;
    const { project, agent, script, trigger, key, argument, eventId, parentId } = start;
    const { run, isNew } = store.transact(stores => {
      const earlier = key === undefined ? undefined : stores.scripts.byKey(key);
      if (earlier) return { run: earlier, isNew: false };
      const id = ids.next<'scriptRun'>();
      const made: ScriptRun = {
        id,
        projectId: project.id,
        agent,
        sourceHash: script.sha256,
        status: 'running',
        startedAt: clock.now(),
        ...defined({ trigger, key, eventId, payload: argument, parentId }),
        ...(script.workflow ? { origin: start.origin ?? id } : {}),
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

  /** Ends every run of the agent's script, or the one that is named, with what they started. */
  async cancel(owner: ScriptOwner, only?: string): Promise<void> {
    const runs = this.#runsOf(owner).filter(({ id }) => only === undefined || id === only);
    const ending = runs.flatMap(({ id }) => this.#atWork.get(id) ?? []);
    for (const { abort } of ending) abort.abort();
    await Promise.all(ending.map(({ over }) => over));
  }

  /** What a run of a workflow that its host left needs to go on; nothing when the file says something else by now. */
  #resumable(run: ScriptRun): ScriptStart | undefined {
    if (run.origin === undefined || run.parentId !== undefined) return undefined;
    const project = this.#options.store.read(stores => stores.projects.get(run.projectId));
    const script = project && workflowsOf(project).find(({ agent }) => agent === run.agent)?.script;
    if (!project || script?.sha256 !== run.sourceHash || !isConsented(project.spec, project.consent)) return undefined;
    return { project, agent: run.agent, script, origin: run.origin };
  }

  /** Runs a workflow of the project for the script of another run; workflows that such a one names are refused. */
  async #nested(
    { run: outer, project, signal }: Pick<CallContext, 'run' | 'project' | 'signal'>,
    { name, argument, key }: { readonly name: string; readonly argument: string; readonly key: string },
  ): Promise<unknown> {
    if (outer.parentId !== undefined) throw new Error('A workflow that was started by another one starts none.');
    const all = workflowsOf(project);
    const found = all.find(each => each.script.workflow.name === name) ?? all.find(({ agent }) => agent === name);
    const known = all.map(each => each.script.workflow.name).join(', ');
    if (!found)
      throw new Error(`There is no workflow ${JSON.stringify(name)}. Known: ${known === '' ? 'none' : known}.`);
    const origin = `${outer.origin ?? outer.id}/${key}`;
    const inner = this.start({ project, ...found, argument, origin, parentId: outer.id });
    const onAbort = (): void => this.#atWork.get(inner.id)?.abort.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    await this.ended(inner.id).finally(() => signal.removeEventListener('abort', onAbort));
    const ended = this.#options.store.read(stores => stores.scripts.get(inner.id));
    if (ended?.status !== 'succeeded') throw new Error(`${name}: ${ended?.error ?? 'it has not ended'}`);
    const result: unknown = ended.result === undefined ? null : JSON.parse(ended.result);
    return result;
  }

  #runsOf({ projectId, agent }: ScriptOwner): readonly ScriptRun[] {
    const all = this.#options.store.read(stores => stores.scripts.running());
    return all.filter(run => run.projectId === projectId && run.agent === agent);
  }

  #begin(run: ScriptRun, start: ScriptStart): void {
    const abort = new AbortController();
    if (this.#leaving.signal.aborted) abort.abort(hostEnds);
    const over = this.#work(run, start, abort.signal).finally(() => this.#atWork.delete(run.id));
    this.#atWork.set(run.id, { abort, over });
  }

  /** Never rejects. */
  async #work(run: ScriptRun, { project, script }: ScriptStart, signal: AbortSignal): Promise<void> {
    const { store, clock, log, engine, calls } = this.#options;
    // The caller's transaction and what follows from it come first.
    await Promise.resolve();
    const { workflow, text: source } = script;
    const nested: CallContext['nested'] = async (name, argument, key) =>
      await this.#nested({ project, run, signal }, { name, argument, key });
    const call = calls.of({ project, run, signal, nested, workflow });
    const of = { trigger: run.trigger, argument: run.payload, limitMs: workflow ? workflowLimitMs : limitMs };
    const end = await engine
      .run({ source, isWorkflow: workflow !== undefined, ...of, call }, signal)
      .catch((error: unknown): ScriptEnd => ({ ok: false, fault: { kind: 'crashed', message: errorMessage(error) } }));
    // It is taken up by the next host.
    if (this.#leaving.signal.aborted && !end.ok && workflow && run.parentId === undefined) return;
    const ended = endedRun(run, end, { now: clock.now(), isLeaving: this.#leaving.signal.aborted });
    await commitSurely(() => store.transact(stores => write(stores, ended, clock.now())), {
      what: `the end of script run ${run.id}`,
      clock,
      log,
      signal: this.#leaving.signal,
    });
  }
}

interface Workflow {
  readonly agent: string;
  readonly script: RegisteredScript & { readonly workflow: WorkflowMeta };
}

function workflowsOf({ spec, removedAt }: Project): readonly Workflow[] {
  if (removedAt !== undefined) return [];
  return spec.agents.flatMap(({ name: agent, enabled, scheduler }) => {
    const script = enabled && scheduler?.enabled ? scheduler.registered : undefined;
    return script?.workflow ? [{ agent, script: { ...script, workflow: script.workflow } }] : [];
  });
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
