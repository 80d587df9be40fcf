import { defined } from '../../base/defined.js';
import type { TriggerSpec } from '../../compose/projectSpec.js';
import type { DeclaredTrigger, Trigger, TriggerKey } from './trigger.js';

/** Port: when a cron expression matches next, in its time zone; `undefined` for never. Ms since the epoch. */
export interface CronTimes {
  next(cron: { readonly cron: string; readonly timezone?: string | undefined }, after: number): number | undefined;
}

/** What a plan is made from besides the trigger. */
export interface PlanFacts {
  readonly now: number;
  readonly times: CronTimes;
}

/** What decides when a trigger is due: its schedule, and its name, by which its jitter is drawn. */
export type Plannable = TriggerKey & { readonly spec: TriggerSpec };

/** When the schedule comes round next after `from`, without jitter and whatever its limits; `undefined` for an event. */
export function nextMoment(spec: TriggerSpec, from: number, times: CronTimes): number | undefined {
  switch (spec.kind) {
    case 'cron':
      return times.next(spec, from);
    case 'interval':
      return from + spec.intervalMs;
    case 'timeout':
      return from + spec.timeoutMs;
    case 'event':
      return undefined;
  }
}

/** When a trigger that is armed at `from` is due; `undefined` for one that no clock fires any more. */
export function firstDue(trigger: Plannable, from: number, times: CronTimes): number | undefined {
  const moment = nextMoment(trigger.spec, from, times);
  if (moment === undefined) return undefined;
  const at = Math.round(moment + jitterAt(trigger, moment));
  return isPast(trigger.spec, at) ? undefined : at;
}

/** True when `until` lets nothing fire at `at`. */
export function isPast(spec: TriggerSpec, at: number): boolean {
  return at > lastMoment(spec);
}

/** True when `max_runs` lets nothing more fire. */
export function isUsedUp({ maxRuns }: TriggerSpec, { fired }: Pick<Trigger, 'fired'>): boolean {
  return maxRuns !== undefined && fired >= maxRuns;
}

/** The last one that `until` allows; a day holds to its end, by the clock of this machine. */
export function lastMoment({ until }: TriggerSpec): number {
  if (until === undefined) return Infinity;
  return Date.parse(until.length === '2030-01-31'.length ? `${until}T23:59:59.999` : until.replace(' ', 'T'));
}

/**
 * By how much a moment is late. Drawn from the trigger's name and the moment itself, not from a dice: the plan that is shown is
 * the one that holds, and the next host finds the same.
 */
function jitterAt({ projectId, agent, name, spec }: Plannable, moment: number): number {
  const { jitterMs = 0 } = spec;
  return jitterMs === 0 ? 0 : Math.floor(fraction(`${projectId}/${agent}/${name}/${moment}`) * (jitterMs + 1));
}

/** FNV-1a with a last mixing, as a number from 0 to below 1. */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

/** A declared trigger as it is to be stored, given what is stored of it: history stays, another schedule arms it anew. */
export function planned(declared: DeclaredTrigger, stored: Trigger | undefined, facts: PlanFacts): Trigger {
  const { projectId, agent, name, source } = declared;
  if (stored?.source === source) return kept(stored, declared, facts);
  const enabled = stored?.enabled ?? true;
  const fired = stored?.fired ?? 0;
  return {
    projectId,
    agent,
    name,
    source,
    enabled,
    fired,
    ...defined({ lastFiredAt: stored?.lastFiredAt, nextFireAt: armed(declared, { enabled, fired }, facts) }),
  };
}

/** The same schedule: its phase stays, unless other limits or a clock that was set back say otherwise. */
function kept(stored: Trigger, declared: DeclaredTrigger, { now, times }: PlanFacts): Trigger {
  const { spec } = declared;
  const next = stored.nextFireAt;
  const { nextFireAt: _, ...rest } = stored;
  if (next === undefined) {
    // Spent by `until` or `max_runs` that may be others by now. A timeout that has fired stays so.
    if (!stored.enabled || (spec.kind !== 'cron' && spec.kind !== 'interval')) return stored;
    const again = armed(declared, stored, { now, times });
    return again === undefined ? stored : { ...rest, nextFireAt: again };
  }
  if (isUsedUp(spec, stored) || isPast(spec, next)) return rest;
  // A clock that was set back must not leave an interval waiting for longer than its own length.
  const latest = spec.kind === 'interval' ? now + spec.intervalMs + (spec.jitterMs ?? 0) : Infinity;
  return next <= latest ? stored : { ...rest, ...defined({ nextFireAt: firstDue(declared, now, times) }) };
}

function armed(
  declared: Plannable,
  state: Pick<Trigger, 'enabled' | 'fired'>,
  { now, times }: PlanFacts,
): number | undefined {
  return state.enabled && !isUsedUp(declared.spec, state) ? firstDue(declared, now, times) : undefined;
}

/** Switched on (armed from now) or off. */
export function switched(
  trigger: Trigger,
  enabled: boolean,
  { spec, ...facts }: PlanFacts & { readonly spec: TriggerSpec },
): Trigger {
  if (trigger.enabled === enabled) return trigger;
  const { nextFireAt: _, ...rest } = trigger;
  const changed = { ...rest, enabled };
  return { ...changed, ...defined({ nextFireAt: armed({ ...trigger, spec }, changed, facts) }) };
}

/** A trigger one of whose moments was dealt with; `next` is when it is due again as far as its schedule goes. */
export function dealtWith(
  trigger: Trigger,
  {
    spec,
    at,
    ran,
    next,
  }: { readonly spec: TriggerSpec; readonly at: number; readonly ran: boolean; readonly next: number | undefined },
): Trigger {
  const { nextFireAt: _, ...rest } = trigger;
  const fired = trigger.fired + (ran ? 1 : 0);
  const again =
    !trigger.enabled || isUsedUp(spec, { fired }) || (next !== undefined && isPast(spec, next)) ? undefined : next;
  return { ...rest, fired, lastFiredAt: at, ...defined({ nextFireAt: again }) };
}

/** The first moment at or after `from`, which is later than the one at which it is due next. About, for an interval with jitter. */
export function firstFrom(
  trigger: Plannable,
  from: number,
  { next, times }: { readonly next: number | undefined; readonly times: CronTimes },
): number | undefined {
  const { spec } = trigger;
  if (next === undefined || next >= from) return next;
  if (spec.kind === 'cron') return firstDue(trigger, from - 1, times);
  return spec.kind === 'interval' ? next + Math.ceil((from - next) / spec.intervalMs) * spec.intervalMs : next;
}

/** The next moments of a trigger as if every run ended at once, at most `count`, none after `until`. */
export function upcoming(
  trigger: Plannable,
  {
    from,
    until,
    count,
    times,
  }: { readonly from: number; readonly until: number; readonly count: number; readonly times: CronTimes },
): readonly number[] {
  const moments: number[] = [];
  for (let at: number | undefined = from; at !== undefined && at <= until && moments.length < count;) {
    moments.push(at);
    at = trigger.spec.kind === 'timeout' ? undefined : firstDue(trigger, at, times);
  }
  return moments;
}
