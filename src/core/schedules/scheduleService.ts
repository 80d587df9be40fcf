import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError, errorMessage, isAnyAppError } from '../../base/errors.js';
import type { EventStores } from '../events/eventLog.js';
import { scheduler } from '../messages/message.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { isRunActive } from '../runs/run.js';
import type { Store } from '../store.js';
import type { DispatchService, Dispatched } from '../threads/dispatchService.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { ScheduleStores } from './scheduleStore.js';
import {
  declaredTriggers,
  isSameTrigger,
  type DeclaredTrigger,
  type Fire,
  type Trigger,
  type TriggerKey,
} from './trigger.js';
import { fired, firstDue, missedSince, planned, switched, upcoming, type CronTimes } from './triggerPlan.js';

export type ScheduleServiceStores = ProjectStores & ThreadStores & ScheduleStores & EventStores;

export interface ScheduleServiceOptions {
  readonly store: Store<ScheduleServiceStores>;
  readonly clock: Clock;
  readonly times: CronTimes;
  readonly dispatcher: Pick<DispatchService, 'dispatch'>;
}

/** What an agent's schedule may still be at work with: enough to see the newest. */
const looksBack = 20;

/** Triggers: what the file declares, what is stored of them, and what happens when one fires. */
export class ScheduleService {
  readonly #options: ScheduleServiceOptions;

  constructor(options: ScheduleServiceOptions) {
    this.#options = options;
  }

  /** Brings what is stored in line with what the project's file declares; done at each apply and at the start of a host. */
  reconcile(project: Project): void {
    const { store, clock, times } = this.#options;
    const declared = declaredTriggers(project);
    store.transact(stores => {
      const stored = stores.schedules.ofProject(project.id);
      for (const trigger of stored) {
        if (!declared.some(each => isSameTrigger(each, trigger))) stores.schedules.remove(trigger);
      }
      for (const each of declared) {
        const before = stores.schedules.get(each);
        const next = planned(each, before, { now: clock.now(), times });
        if (next !== before) stores.schedules.save(next);
      }
    });
  }

  /** Switches a trigger on or off; stays so over later applies. Errors: `trigger.unknown`. */
  enable(project: Project, name: TriggerName, enabled: boolean): Trigger {
    const { store, clock, times } = this.#options;
    const declared = findDeclared(project, name);
    return store.transact(stores => {
      const before = stores.schedules.get(declared) ?? planned(declared, undefined, { now: clock.now(), times });
      const trigger = switched(before, enabled, { spec: declared.spec, now: clock.now(), times });
      stores.schedules.save(trigger);
      stores.events.append({ kind: 'schedule_changed', projectId: project.id }, clock.now());
      return trigger;
    });
  }

  /** What would fire between two moments as if every run ended at once, in order of time, at most `count`; nothing happens. */
  simulate(
    project: Project,
    {
      from,
      to,
      count,
      agent,
    }: { readonly from: number; readonly to: number; readonly count: number; readonly agent?: string },
  ): readonly UpcomingFire[] {
    const { store, clock, times } = this.#options;
    const now = clock.now();
    return declaredTriggers(project)
      .filter(each => agent === undefined || each.agent === agent)
      .flatMap(({ spec, ...key }) => {
        const stored = store.read(stores => stores.schedules.get(key));
        if (stored?.enabled === false) return [];
        const next = stored ? stored.nextFireAt : firstDue(spec, now, times);
        const first = from <= now || spec.kind !== 'cron' ? next : firstDue(spec, from, times);
        if (first === undefined) return [];
        return upcoming(spec, { from: first, until: to, count, times })
          .filter(at => at >= from)
          .map(at => ({ agent: key.agent, name: key.name, at }));
      })
      .toSorted((a, b) => a.at - b.at)
      .slice(0, count);
  }

  /**
   * A person fires a trigger now, whether or not it is on; the clock's own plan stays. Errors: `trigger.unknown` and those of a
   * dispatch.
   */
  async fireByHand(project: Project, name: TriggerName): Promise<Dispatched> {
    const declared = findDeclared(project, name);
    const now = this.#options.clock.now();
    const dispatched = await this.#dispatch(project, declared, undefined);
    this.#record({
      ...keyOf(declared),
      dueAt: now,
      at: now,
      missed: 0,
      by: 'person',
      outcome: 'started',
      ...idsOf(dispatched),
    });
    return dispatched;
  }

  /**
   * The clock fires a trigger that is due. The moment it was due names the dispatch, so that a host which dies between the run
   * and the record of the fire leaves a moment that makes the same run again, not a second one.
   */
  async fire(trigger: Trigger): Promise<void> {
    const { store, clock, times } = this.#options;
    const dueAt = trigger.nextFireAt ?? clock.now();
    const project = store.read(stores => stores.projects.get(trigger.projectId));
    const declared = project && declaredTriggers(project).find(each => isSameTrigger(each, trigger));
    if (!project || !declared) {
      store.transact(stores => stores.schedules.remove(trigger));
      return;
    }
    const result = await this.#attempt(project, declared, dueAt);
    const now = clock.now();
    this.#record(
      {
        ...keyOf(declared),
        dueAt,
        at: now,
        missed: missedSince(declared.spec, dueAt, now, times),
        by: 'clock',
        ...result,
      },
      declared,
    );
  }

  async #attempt(project: Project, declared: DeclaredTrigger, dueAt: number): Promise<FireResult> {
    if (declared.concurrencyPolicy === 'skip' && this.#isAtWork(declared)) {
      return { outcome: 'skipped', reason: `An earlier run of ${declared.agent}'s schedule is still at work.` };
    }
    try {
      const key = `fire:${declared.projectId}:${declared.agent}:${declared.name}:${dueAt}`;
      return { outcome: 'started', ...idsOf(await this.#dispatch(project, declared, key)) };
    } catch (error) {
      if (!isAnyAppError(error)) throw error;
      return { outcome: 'failed', reason: errorMessage(error) };
    }
  }

  async #dispatch(
    project: Project,
    declared: DeclaredTrigger,
    idempotencyKey: string | undefined,
  ): Promise<Dispatched> {
    const { dispatcher } = this.#options;
    const task = {
      project,
      agent: declared.agent,
      prompt: declared.prompt,
      context: [],
      environment: {},
      from: scheduler,
      ...defined({ idempotencyKey }),
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

  /** A run that any trigger of the agent started has not ended. */
  #isAtWork({ projectId, agent }: TriggerKey): boolean {
    return this.#options.store.read(stores =>
      stores.schedules.fires({ projectId, agent, started: true, limit: looksBack }).some(({ threadId }) => {
        const run = threadId === undefined ? undefined : stores.threads.view(threadId)?.latestRun;
        return run !== undefined && isRunActive(run.status);
      }),
    );
  }

  #lastThread({ projectId, agent, name }: TriggerKey): string | undefined {
    return this.#options.store.read(
      stores => stores.schedules.fires({ projectId, agent, name, started: true, limit: 1 })[0]?.threadId,
    );
  }

  /** Writes what came of it; for the clock's own fires also when the trigger is due next. */
  #record(fire: Fire, declared?: DeclaredTrigger): void {
    const { store, clock, times } = this.#options;
    store.transact(stores => {
      stores.schedules.record(fire);
      const trigger = stores.schedules.get(fire);
      if (trigger && declared) {
        const ran = fire.outcome === 'started';
        stores.schedules.save(fired(trigger, { spec: declared.spec, now: fire.at, times, ran }));
      }
      stores.events.append({ kind: 'schedule_changed', projectId: fire.projectId }, clock.now());
    });
  }
}

/** Names a trigger inside a project; without `name` the only one of the agent. */
export interface TriggerName {
  readonly agent: string;
  readonly name?: string | undefined;
}

/** A moment at which a trigger would fire. */
export interface UpcomingFire {
  readonly agent: string;
  readonly name: string;
  readonly at: number;
}

type FireResult = Pick<Fire, 'outcome' | 'reason' | 'threadId' | 'runId'>;

/** Errors: `trigger.unknown`, also when the agent has several and none is named. */
export function findDeclared(project: Project, { agent, name }: TriggerName): DeclaredTrigger {
  const all = declaredTriggers(project).filter(each => each.agent === agent);
  const matching = name === undefined ? all : all.filter(each => each.name === name);
  const [only, ...others] = matching;
  if (only && others.length === 0) return only;
  const known = all.map(each => each.name).join(', ');
  const agents = project.spec.agents.map(each => each.name);
  const words = !agents.includes(agent)
    ? `There is no agent ${JSON.stringify(agent)} in ${project.name}. Known agents: ${agents.join(', ')}.`
    : only
      ? `Agent ${agent} has several triggers: ${known}. Name one.`
      : `Agent ${agent} of ${project.name} has no ${name === undefined ? 'trigger' : `trigger ${JSON.stringify(name)}`}. ${known === '' ? 'It has none that is enabled in the file.' : `Known: ${known}.`}`;
  throw new AppError('trigger.unknown', words, { agent, known: all.map(each => each.name) });
}

function keyOf({ projectId, agent, name }: TriggerKey): TriggerKey {
  return { projectId, agent, name };
}

function idsOf({ thread, run }: Dispatched): Pick<Fire, 'threadId' | 'runId'> {
  return { threadId: thread.id, runId: run.id };
}
