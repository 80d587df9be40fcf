import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { errorMessage, isAnyAppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import { scheduler } from '../messages/message.js';
import type { RegisteredScript } from '../../compose/projectSpec.js';
import { requireConsent } from '../projects/consent.js';
import type { Project } from '../projects/project.js';
import type { ScriptService, ScriptStart } from '../scripts/scriptService.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { isRunActive } from '../runs/run.js';
import type { Store } from '../store.js';
import type { DispatchService, Dispatched } from '../threads/dispatchService.js';
import type { ThreadService } from '../threads/threadService.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { TopicEventId, TopicStores } from '../topics/topicEvent.js';
import { heardAs } from '../topics/topicName.js';
import type { AppliedTrigger, AppliedTriggers } from './appliedTriggers.js';
import { findDeclared, type TriggerName } from './findDeclared.js';
import { dueMoment } from './misfire.js';
import { fillPrompt } from './promptTemplate.js';
import type { AgentKey, ScheduleStores } from './scheduleStore.js';
import { afterFailure } from './retryFire.js';
import { keyOf, type DeclaredTrigger, type Fire, type RecordedFire, type Trigger, type TriggerKey } from './trigger.js';
import { dealtWith, isUsedUp, type CronTimes } from './triggerPlan.js';

export type FireStores = ProjectStores & ThreadStores & ScheduleStores & TopicStores & EventStores;

export interface FireServiceOptions {
  readonly store: Store<FireStores>;
  readonly clock: Clock;
  readonly times: CronTimes;
  readonly applied: AppliedTriggers;
  readonly dispatcher: Pick<DispatchService, 'dispatch'>;
  readonly threads: Pick<ThreadService, 'cancel'>;
  readonly scripts: Pick<ScriptService, 'start' | 'isAtWork' | 'cancel'>;
}

/** What an agent's schedule may still be at work with: enough to see the newest. */
const looksBack = 20;
/** Fires of one agent that wait at the same time; a schedule that is slower than its clock must not fill the disk. */
const mostWaiting = 1_000;
/** Waiting fires of one agent that are read at once. */
const page = 50;
/** Fires after which somebody else's calls get their turn. */
export const inOneTurn = 10;

/** What happens when a trigger fires: by the clock, by an event, by hand. */
export class FireService {
  readonly #options: FireServiceOptions;

  constructor(options: FireServiceOptions) {
    this.#options = options;
  }

  /**
   * A person fires a trigger now, whether or not it is on; the clock's own plan stays. Without a name a script's `main` comes
   * first. Errors: `trigger.unknown` and those of a dispatch.
   */
  async byHand(project: Project, name: TriggerName, { payload, origin }: ByHand = {}): Promise<Fired> {
    const now = this.#options.clock.now();
    const main = name.name === undefined ? mainOf(project, name.agent) : undefined;
    const declared = main ? undefined : findDeclared(project, name);
    const key = declared ? keyOf(declared) : { projectId: project.id, agent: name.agent, name: 'main' };
    const fired =
      main !== undefined
        ? this.#startMain(project, { agent: name.agent, script: main, argument: payload, origin })
        : declared && (await this.#start(project, declared, { dueAt: now, missed: 0, payload }));
    if (!fired) throw new Error('Neither a script nor a trigger was found');
    const fire = { ...key, dueAt: now, at: now, missed: 0, attempts: 0, by: 'person', outcome: 'started' } as const;
    this.#record({ ...fire, ...fired });
    return fired;
  }

  /**
   * The clock fires a trigger that is due. The moment it was due names the dispatch, so that a host which dies between the run
   * and the record of the fire leaves a moment that makes the same run again, not a second one.
   */
  async due(trigger: Trigger): Promise<void> {
    const { store, clock, times } = this.#options;
    const now = clock.now();
    const declared = this.#options.applied.find(trigger);
    if (!declared) {
      store.transact(stores => stores.schedules.remove(trigger));
      return;
    }
    const { what, dueAt, missed, next } = dueMoment(declared.trigger, trigger.nextFireAt ?? now, { now, times });
    const fire = { ...keyOf(trigger), dueAt, missed, attempts: 0, by: 'clock' } as const;
    const result: FireResult =
      what === 'missed'
        ? { outcome: 'missed', reason: 'Nobody could fire it then.' }
        : await this.#attempt(declared, { dueAt, missed, key: `fire:${idOf(trigger)}:${dueAt}` });
    this.#record({ ...fire, at: clock.now(), ...result }, { spec: declared.trigger.spec, next });
  }

  /** Fires of the event that were given up wait for another attempt. */
  replay(event: TopicEventId): void {
    const failed = this.#options.store
      .read(stores => stores.schedules.ofEvent(event))
      .filter(({ outcome }) => outcome === 'failed');
    for (const fire of failed) this.#amend(fire, { outcome: 'waiting', attempts: 0 });
  }

  /** Fires that wait and whose turn it is, in the order in which they came. */
  async deliver(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options;
    const agents = store.read(stores => stores.schedules.agentsWaiting(clock.now()));
    for (const agent of agents) await this.#deliverOf(agent, signal);
  }

  async #deliverOf(agent: AgentKey, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options;
    const next = (): readonly RecordedFire[] =>
      store.read(stores => stores.schedules.waiting(agent, { now: clock.now(), limit: page }));
    for (let fires = next(); fires.length > 0; fires = next()) {
      for (const [index, fire] of fires.entries()) {
        if (signal.aborted || (await this.#deliverOne(fire)) === 'later') return;
        if (index % inOneTurn === inOneTurn - 1) await clock.sleep(0, signal);
      }
    }
  }

  async #deliverOne(fire: RecordedFire): Promise<'done' | 'later'> {
    const { store, clock } = this.#options;
    const declared = this.#options.applied.find(fire);
    const trigger = store.read(stores => stores.schedules.get(fire));
    if (!declared || !trigger?.enabled) {
      this.#amend(fire, { outcome: 'skipped', reason: 'The trigger is gone or off by now.' });
      return 'done';
    }
    if (isUsedUp(declared.trigger.spec, trigger)) {
      this.#amend(fire, { outcome: 'skipped', reason: 'The trigger has had all its runs (max_runs).' });
      return 'done';
    }
    const result = await this.#attempt(declared, {
      ...fire,
      key: `fire:${idOf(fire)}:${fire.eventId ?? fire.dueAt}`,
      isWaiting: true,
    });
    if (result.outcome === 'waiting') return 'later';
    const retry = result.outcome === 'failed' ? afterFailure(fire, result.reason, clock.now()) : undefined;
    this.#amend(fire, retry ?? result);
    return 'done';
  }

  async #attempt(
    { project, trigger }: AppliedTrigger,
    moment: Moment & { readonly isWaiting?: boolean },
  ): Promise<FireResult> {
    // What runs beside it is nobody's question then, and looking costs more than the rest of a fire.
    const isAlone = trigger.overlap === 'parallel';
    const atWork = isAlone ? [] : this.#atWork(trigger);
    const isWaiting = moment.isWaiting ?? false;
    const isAtWork = !isAlone && (atWork.length > 0 || this.#options.scripts.isAtWork(trigger));
    const verdict = this.#overlapping(trigger, { atWork: isAtWork, isWaiting });
    if (verdict) return verdict;
    try {
      const ended = trigger.overlap === 'replace' ? await this.#end(trigger, atWork) : {};
      return { outcome: 'started', ...ended, ...(await this.#start(project, trigger, moment)) };
    } catch (error) {
      if (!isAnyAppError(error)) throw error;
      return { outcome: 'failed', reason: errorMessage(error) };
    }
  }

  /** What the trigger's policy says to other work of the schedule; nothing when it may start. */
  #overlapping(
    trigger: DeclaredTrigger,
    { atWork, isWaiting }: { readonly atWork: boolean; readonly isWaiting: boolean },
  ): FireResult | undefined {
    const reason = `An earlier run of ${trigger.agent}'s schedule is still at work.`;
    if (trigger.overlap === 'skip') return atWork ? { outcome: 'skipped', reason } : undefined;
    if (trigger.overlap !== 'queue') return undefined;
    // The fire that is being delivered is the first of those that wait.
    const before = isWaiting ? 0 : this.#options.store.read(stores => stores.schedules.countWaiting(trigger));
    if (!atWork && before === 0) return undefined;
    if (before < mostWaiting) return { outcome: 'waiting', reason };
    return { outcome: 'skipped', reason: `${before} moments of ${trigger.agent}'s schedule wait already.` };
  }

  async #end(trigger: AgentKey, threads: readonly ThreadId[]): Promise<{ readonly reason?: string }> {
    const { scripts } = this.#options;
    const hadScript = scripts.isAtWork(trigger);
    await scripts.cancel(trigger);
    for (const thread of threads) await this.#options.threads.cancel(thread);
    const count = threads.length + (hadScript ? 1 : 0);
    if (count === 0) return {};
    return { reason: `It took the place of ${count === 1 ? 'an earlier run' : `${count} earlier runs`}.` };
  }

  #startMain(project: Project, start: Omit<ScriptStart, 'project'>): Fired {
    requireConsent(project);
    return { scriptRunId: this.#options.scripts.start({ project, ...start }).id };
  }

  async #start(project: Project, declared: DeclaredTrigger, moment: Moment): Promise<Fired> {
    const { script } = declared;
    if (!script) return idsOf(await this.#dispatch(project, declared, moment));
    requireConsent(project);
    const { agent, name: trigger } = declared;
    const { key, eventId } = moment;
    const argument = moment.payload ?? this.#argument(declared, eventId);
    return { scriptRunId: this.#options.scripts.start({ project, agent, script, trigger, key, argument, eventId }).id };
  }

  /** What the callback of an event gets. */
  #argument({ spec }: DeclaredTrigger, eventId: TopicEventId | undefined): string | undefined {
    const event = eventId && this.#options.store.read(stores => stores.topics.get(eventId));
    if (!event) return undefined;
    const { id, createdAt, payload } = event;
    const topic = (spec.kind === 'event' && heardAs(spec.topic, event.topic)) || event.topic;
    const given: unknown = JSON.parse(payload);
    return JSON.stringify({ id, topic, createdAt, payload: given });
  }

  async #dispatch(project: Project, declared: DeclaredTrigger, moment: Moment): Promise<Dispatched> {
    const { dispatcher } = this.#options;
    const task = {
      project,
      agent: declared.agent,
      prompt: this.#prompt(declared, moment),
      context: [],
      environment: {},
      from: scheduler,
      ...defined({ idempotencyKey: moment.key }),
    };
    const thread = declared.sandboxPolicy === 'sticky' ? this.#lastThread(declared) : undefined;
    if (thread === undefined) return await dispatcher.dispatch(task);
    try {
      return await dispatcher.dispatch({ ...task, thread });
    } catch (error) {
      // Abandoned or put away by a person: the schedule goes on in a new thread.
      if (!isAnyAppError(error) || (error.code !== 'thread.closed' && error.code !== 'thread.unknown')) throw error;
      return await dispatcher.dispatch(task);
    }
  }

  #prompt(declared: DeclaredTrigger, { dueAt, missed, eventId, payload }: Moment): string {
    const { store, clock } = this.#options;
    const { agent, name, source, spec } = declared;
    const fired = store.read(stores => stores.schedules.get(declared)?.fired ?? 0);
    const trigger = { agent, name, source, kind: spec.kind, dueAt, missed, firedAt: clock.now(), count: fired + 1 };
    const event = eventId === undefined ? undefined : store.read(stores => stores.topics.get(eventId));
    if (event) return fillPrompt(declared.prompt, { trigger, event: { ...event, payload: JSON.parse(event.payload) } });
    if (payload === undefined) return fillPrompt(declared.prompt, { trigger });
    const byHand = { id: '', topic: source, sequence: 0, createdAt: dueAt, correlationId: '' };
    return fillPrompt(declared.prompt, { trigger, event: { ...byHand, payload: JSON.parse(payload) } });
  }

  /** Threads with a run that any trigger of the agent started and that has not ended. */
  #atWork({ projectId, agent }: AgentKey): readonly ThreadId[] {
    return this.#options.store.read(stores => {
      const started = stores.schedules.fires({ projectId, agent, started: true, limit: looksBack });
      const threads = new Set(started.flatMap(({ threadId }) => threadId ?? []));
      return [...threads].filter(id => {
        const run = stores.threads.view(id)?.latestRun;
        return run !== undefined && isRunActive(run.status);
      });
    });
  }

  #lastThread({ projectId, agent, name }: TriggerKey): string | undefined {
    return this.#options.store.read(
      stores => stores.schedules.fires({ projectId, agent, name, started: true, limit: 1 })[0]?.threadId,
    );
  }

  /** Writes what came of it; for the clock's own fires also when the trigger is due next. */
  #record(fire: Fire, plan?: Pick<Parameters<typeof dealtWith>[1], 'spec' | 'next'>): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      stores.schedules.record(fire);
      const trigger = stores.schedules.get(fire);
      if (trigger && plan) {
        stores.schedules.save(dealtWith(trigger, { ...plan, at: fire.at, ran: fire.outcome === 'started' }));
      }
      stores.events.append({ kind: 'schedule_changed', projectId: fire.projectId }, clock.now());
    });
  }

  #amend(fire: RecordedFire, result: Partial<Fire>): void {
    const { store, clock } = this.#options;
    const { reason: _, notBefore: __, ...rest } = fire;
    store.transact(stores => {
      const now = clock.now();
      stores.schedules.amend({ ...rest, at: now, ...result });
      const trigger = stores.schedules.get(fire);
      if (trigger && result.outcome === 'started') {
        stores.schedules.save({ ...trigger, fired: trigger.fired + 1, lastFiredAt: now });
      }
      stores.events.append({ kind: 'schedule_changed', projectId: fire.projectId }, now);
    });
  }
}

/** The moment that is dealt with; `key` names the one run that it may have. */
interface Moment {
  readonly dueAt: number;
  readonly missed: number;
  readonly key?: string;
  readonly eventId?: TopicEventId;
  /** JSON that a person gives a script, or in place of an event's payload. */
  readonly payload?: string | undefined;
}

/** What a person says with it. */
export interface ByHand {
  /** JSON: for a script, or what stands for an event's payload in a prompt. */
  readonly payload?: string | undefined;
  /** Of an earlier run of the workflow, which this one resumes. */
  readonly origin?: string | undefined;
}

/** What a fire made: a run on a thread, or a run of the script. */
export type Fired = Pick<Fire, 'threadId' | 'runId' | 'scriptRunId'>;

type FireResult = Pick<Fire, 'outcome' | 'reason'> & Fired;

function idOf({ projectId, agent, name }: TriggerKey): string {
  return `${projectId}:${agent}:${name}`;
}

/** The script of the agent's scheduler, when it can be called as a whole. */
function mainOf({ spec, removedAt }: Project, agent: string): RegisteredScript | undefined {
  const found = removedAt === undefined ? spec.agents.find(({ name }) => name === agent) : undefined;
  const script = found?.enabled && found.scheduler?.enabled ? found.scheduler.registered : undefined;
  return script?.hasMain ? script : undefined;
}

function idsOf({ thread, run }: Dispatched): Pick<Fire, 'threadId' | 'runId'> {
  return { threadId: thread.id, runId: run.id };
}
