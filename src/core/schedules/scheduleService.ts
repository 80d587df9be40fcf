import type { Clock } from '../../base/clock.js';
import type { EventStores } from '../events/eventLog.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { ScheduleStores } from './scheduleStore.js';
import { findDeclared, type TriggerName } from './findDeclared.js';
import { declaredTriggers, isSameTrigger, type Trigger } from './trigger.js';
import { firstDue, firstFrom, planned, switched, upcoming, type CronTimes } from './triggerPlan.js';

export interface ScheduleServiceOptions {
  readonly store: Store<ProjectStores & ScheduleStores & EventStores>;
  readonly clock: Clock;
  readonly times: CronTimes;
}

/** Triggers: what the file declares, what is stored of them, and when they are due. */
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
    { from, to, count, agent, name: only, perTrigger = count }: Simulated,
  ): readonly UpcomingFire[] {
    const { store, clock, times } = this.#options;
    const now = clock.now();
    return declaredTriggers(project)
      .filter(each => (agent === undefined || each.agent === agent) && (only === undefined || each.name === only))
      .flatMap(declared => {
        const stored = store.read(stores => stores.schedules.get(declared));
        if (stored?.enabled === false) return [];
        const { agent: owner, name, spec } = declared;
        const next = stored ? stored.nextFireAt : firstDue(declared, now, times);
        const { maxRuns } = spec;
        // One with a last run has to be followed from now on, however far away the beginning is.
        const first = maxRuns === undefined && from > now ? firstFrom(declared, from, { next, times }) : next;
        if (first === undefined) return [];
        const left = maxRuns === undefined ? perTrigger : maxRuns - (stored?.fired ?? 0);
        return upcoming(declared, { from: first, until: to, count: left, times })
          .filter(at => at >= from)
          .slice(0, perTrigger)
          .map(at => ({ agent: owner, name, at }));
      })
      .toSorted((a, b) => a.at - b.at)
      .slice(0, count);
  }
}

/** Which moments are asked for. */
export interface Simulated {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly agent?: string;
  /** Of a trigger. */
  readonly name?: string;
  /** At most so many of each. */
  readonly perTrigger?: number;
}

/** A moment at which a trigger would fire. */
export interface UpcomingFire {
  readonly agent: string;
  readonly name: string;
  readonly at: number;
}
