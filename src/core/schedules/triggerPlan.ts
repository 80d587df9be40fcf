import { defined } from '../../base/defined.js';
import type { TriggerSpec } from '../../compose/projectSpec.js';
import type { DeclaredTrigger, Trigger } from './trigger.js';

/** Port: when a cron expression matches next, in its time zone; `undefined` for never. Ms since the epoch. */
export interface CronTimes {
  next(cron: { readonly cron: string; readonly timezone?: string | undefined }, after: number): number | undefined;
}

/** More missed moments than this are not counted one by one: an interval of a second over a week has 600,000. */
const mostCounted = 1_000;

/** When a trigger that is armed at `from` is due first; `undefined` for one that no clock fires. */
export function firstDue(spec: TriggerSpec, from: number, times: CronTimes): number | undefined {
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

/** A declared trigger as it is to be stored, given what is stored of it: history stays, another schedule arms it anew. */
export function planned(
  declared: DeclaredTrigger,
  stored: Trigger | undefined,
  { now, times }: { readonly now: number; readonly times: CronTimes },
): Trigger {
  const { projectId, agent, name, source, spec } = declared;
  if (stored?.source === source) return closer(stored, spec, now);
  const enabled = stored?.enabled ?? true;
  return {
    projectId,
    agent,
    name,
    source,
    enabled,
    fired: stored?.fired ?? 0,
    ...defined({
      lastFiredAt: stored?.lastFiredAt,
      nextFireAt: enabled ? firstDue(spec, now, times) : undefined,
    }),
  };
}

/** A clock that was set back must not leave an interval waiting for longer than its own length. */
function closer(stored: Trigger, spec: TriggerSpec, now: number): Trigger {
  if (spec.kind !== 'interval' || stored.nextFireAt === undefined) return stored;
  const latest = now + spec.intervalMs;
  return stored.nextFireAt <= latest ? stored : { ...stored, nextFireAt: latest };
}

/** Switched on (armed from now) or off. */
export function switched(
  trigger: Trigger,
  enabled: boolean,
  { spec, now, times }: { readonly spec: TriggerSpec; readonly now: number; readonly times: CronTimes },
): Trigger {
  if (trigger.enabled === enabled) return trigger;
  const { nextFireAt: _, ...rest } = trigger;
  return { ...rest, enabled, ...defined({ nextFireAt: enabled ? firstDue(spec, now, times) : undefined }) };
}

/** After a fire at `now`: armed again, or spent. */
export function fired(
  trigger: Trigger,
  {
    spec,
    now,
    times,
    ran,
  }: { readonly spec: TriggerSpec; readonly now: number; readonly times: CronTimes; readonly ran: boolean },
): Trigger {
  const { nextFireAt: _, ...rest } = trigger;
  return {
    ...rest,
    lastFiredAt: now,
    fired: trigger.fired + (ran ? 1 : 0),
    ...defined({ nextFireAt: spec.kind === 'timeout' ? undefined : firstDue(spec, now, times) }),
  };
}

/** Moments after `due` and up to `now` that passed as well; they become one fire. */
export function missedSince(spec: TriggerSpec, due: number, now: number, times: CronTimes): number {
  if (spec.kind === 'interval') return Math.max(0, Math.floor((now - due) / spec.intervalMs));
  if (spec.kind !== 'cron') return 0;
  let missed = 0;
  for (
    let at = times.next(spec, due);
    at !== undefined && at <= now && missed < mostCounted;
    at = times.next(spec, at)
  ) {
    missed++;
  }
  return missed;
}

/** The next moments of a trigger as if every run ended at once, at most `count`, none after `until`. */
export function upcoming(
  spec: TriggerSpec,
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
    at = spec.kind === 'timeout' ? undefined : firstDue(spec, at, times);
  }
  return moments;
}
