import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { errorMessage, isAnyAppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import { scheduler } from '../messages/message.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { isRunActive } from '../runs/run.js';
import type { Store } from '../store.js';
import type { DispatchService, Dispatched } from '../threads/dispatchService.js';
import type { ThreadService } from '../threads/threadService.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { TopicEventId, TopicStores } from '../topics/topicEvent.js';
import { findDeclared, type TriggerName } from './findDeclared.js';
import { dueMoment } from './misfire.js';
import { fillPrompt } from './promptTemplate.js';
import type { AgentKey, ScheduleStores } from './scheduleStore.js';
import { afterFailure } from './retryFire.js';
import {
  declaredTriggers,
  isSameTrigger,
  keyOf,
  type DeclaredTrigger,
  type Fire,
  type RecordedFire,
  type Trigger,
  type TriggerKey,
} from './trigger.js';
import { dealtWith, isUsedUp, type CronTimes } from './triggerPlan.js';

export type FireStores = ProjectStores & ThreadStores & ScheduleStores & TopicStores & EventStores;

export interface FireServiceOptions {
  readonly store: Store<FireStores>;
  readonly clock: Clock;
  readonly times: CronTimes;
  readonly dispatcher: Pick<DispatchService, 'dispatch'>;
  readonly threads: Pick<ThreadService, 'cancel'>;
}

/** What an agent's schedule may still be at work with: enough to see the newest. */
const looksBack = 20;
/** Fires of one agent that wait at the same time; a schedule that is slower than its clock must not fill the disk. */
const mostWaiting = 1_000;
/** Waiting fires of one agent that are read at once. */
const page = 50;

/** What happens when a trigger fires: by the clock, by an event, by hand. */
export class FireService {
  readonly #options: FireServiceOptions;

  constructor(options: FireServiceOptions) {
    this.#options = options;
  }

  /**
   * A person fires a trigger now, whether or not it is on; the clock's own plan stays. Errors: `trigger.unknown` and those of a
   * dispatch.
   */
  async byHand(project: Project, name: TriggerName): Promise<Dispatched> {
    const declared = findDeclared(project, name);
    const now = this.#options.clock.now();
    const dispatched = await this.#dispatch(project, declared, { dueAt: now, missed: 0 });
    const fire = { ...keyOf(declared), dueAt: now, at: now, missed: 0, attempts: 0, by: 'person' } as const;
    this.#record({ ...fire, outcome: 'started', ...idsOf(dispatched) });
    return dispatched;
  }

  /**
   * The clock fires a trigger that is due. The moment it was due names the dispatch, so that a host which dies between the run
   * and the record of the fire leaves a moment that makes the same run again, not a second one.
   */
  async due(trigger: Trigger): Promise<void> {
    const { store, clock, times } = this.#options;
    const now = clock.now();
    const declared = this.#declared(trigger);
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
      for (const fire of fires) {
        if (signal.aborted || (await this.#deliverOne(fire)) === 'later') return;
      }
    }
  }

  async #deliverOne(fire: RecordedFire): Promise<'done' | 'later'> {
    const { store, clock } = this.#options;
    const declared = this.#declared(fire);
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

  /** The trigger as the applied file declares it now. */
  #declared(key: TriggerKey): Declared | undefined {
    const project = this.#options.store.read(stores => stores.projects.get(key.projectId));
    const trigger = project && declaredTriggers(project).find(each => isSameTrigger(each, key));
    return project && trigger && { project, trigger };
  }

  async #attempt(
    { project, trigger }: Declared,
    moment: Moment & { readonly isWaiting?: boolean },
  ): Promise<FireResult> {
    const atWork = this.#atWork(trigger);
    const isWaiting = moment.isWaiting ?? false;
    const verdict = this.#overlapping(trigger, { atWork: atWork.length > 0, isWaiting });
    if (verdict) return verdict;
    try {
      const ended = trigger.overlap === 'replace' ? await this.#end(atWork) : {};
      return { outcome: 'started', ...ended, ...idsOf(await this.#dispatch(project, trigger, moment)) };
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

  async #end(threads: readonly ThreadId[]): Promise<{ readonly reason?: string }> {
    for (const thread of threads) await this.#options.threads.cancel(thread);
    return threads.length === 0
      ? {}
      : {
          reason: `It took the place of ${threads.length === 1 ? 'an earlier run' : `${threads.length} earlier runs`}.`,
        };
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

  #prompt(declared: DeclaredTrigger, { dueAt, missed, eventId }: Moment): string {
    const { store, clock } = this.#options;
    const { agent, name, source, spec } = declared;
    const fired = store.read(stores => stores.schedules.get(declared)?.fired ?? 0);
    const trigger = { agent, name, source, kind: spec.kind, dueAt, missed, firedAt: clock.now(), count: fired + 1 };
    const event = eventId === undefined ? undefined : store.read(stores => stores.topics.get(eventId));
    return fillPrompt(declared.prompt, { trigger, event: event && { ...event, payload: JSON.parse(event.payload) } });
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
}

interface Declared {
  readonly project: Project;
  readonly trigger: DeclaredTrigger;
}

type FireResult = Pick<Fire, 'outcome' | 'reason' | 'threadId' | 'runId'>;

function idOf({ projectId, agent, name }: TriggerKey): string {
  return `${projectId}:${agent}:${name}`;
}

function idsOf({ thread, run }: Dispatched): Pick<Fire, 'threadId' | 'runId'> {
  return { threadId: thread.id, runId: run.id };
}
