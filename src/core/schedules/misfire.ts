import type { DeclaredTrigger } from './trigger.js';
import { firstDue, lastMoment, nextMoment, type Plannable, type PlanFacts } from './triggerPlan.js';

/**
 * A moment that is found later than this was missed. It covers a host that was busy, one that had to start, and a machine whose
 * timers notice only after a while that it slept.
 */
export const graceMs = 120_000;

/** More missed moments than this are not counted one by one: an interval of a second over a week has 600,000. */
const mostCounted = 1_000;

/** `run_all` fires no more of the past than this: a month of minutes is nobody's wish. */
export const mostMadeUp = 100;

/** What becomes of a trigger that is found due. */
export interface DueMoment {
  /** `fire` it, or let it pass as `missed`. */
  readonly what: 'fire' | 'missed';
  readonly dueAt: number;
  /** Further moments that it stands for. */
  readonly missed: number;
  /** When the trigger is due next; not after now while there is more of the past to deal with. */
  readonly next: number | undefined;
}

/** The first thing to do about a trigger that was due at `dueAt` and is looked at `now`; the next look finds what follows. */
export function dueMoment(declared: DeclaredTrigger, dueAt: number, facts: PlanFacts): DueMoment {
  const { now, times } = facts;
  const once = declared.spec.kind === 'timeout';
  const ahead = once ? undefined : firstDue(declared, now, times);
  switch (declared.misfire) {
    case 'run_once':
      return { what: 'fire', dueAt, missed: momentsBetween(declared, dueAt, facts), next: ahead };
    case 'skip': {
      if (now - dueAt <= graceMs) return { what: 'fire', dueAt, missed: 0, next: ahead };
      const next = declared.spec.kind === 'cron' ? onTime(declared, dueAt, facts) : ahead;
      const stillComes = next !== undefined && next <= now ? 1 : 0;
      return { what: 'missed', dueAt, missed: Math.max(0, momentsBetween(declared, dueAt, facts) - stillComes), next };
    }
    case 'run_all': {
      const newest = newestMoments(declared, dueAt, facts);
      const [oldest] = newest.moments;
      if (newest.more && oldest !== undefined) {
        const missed = Math.max(0, momentsBetween(declared, dueAt, facts) - newest.moments.length);
        return { what: 'missed', dueAt, missed, next: oldest };
      }
      return { what: 'fire', dueAt, missed: 0, next: oldest ?? ahead };
    }
  }
}

/** The newest moment may be on time although those before it were missed. */
function onTime(declared: DeclaredTrigger, dueAt: number, { now, times }: PlanFacts): number | undefined {
  const from = now - graceMs - (declared.spec.jitterMs ?? 0) - 1;
  let next = firstDue(declared, Math.max(dueAt, from), times);
  while (next !== undefined && now - next > graceMs) next = firstDue(declared, next, times);
  return next;
}

/** How many moments after `dueAt` have passed as well. */
function momentsBetween({ spec }: Plannable, dueAt: number, { now: present, times }: PlanFacts): number {
  const now = Math.min(present, lastMoment(spec));
  if (spec.kind === 'interval') return Math.max(0, Math.floor((now - dueAt) / spec.intervalMs));
  if (spec.kind !== 'cron') return 0;
  let count = 0;
  for (
    let at = times.next(spec, dueAt);
    at !== undefined && at <= now && count < mostCounted;
    at = times.next(spec, at)
  ) {
    count++;
  }
  return count;
}

/** Moments after `from` that have passed, the oldest first. */
function momentsAfter(
  declared: Plannable,
  from: number,
  { now, times, limit }: PlanFacts & { readonly limit: number },
): readonly number[] {
  const moments: number[] = [];
  if (declared.spec.kind === 'timeout') return moments;
  for (let at = nextMoment(declared.spec, from, times); at !== undefined && at <= now && moments.length < limit;) {
    moments.push(at);
    at = nextMoment(declared.spec, at, times);
  }
  return moments;
}

/** The newest moments after `dueAt`, at most {@link mostMadeUp}; `more`: there are older ones. */
function newestMoments(
  declared: Plannable,
  dueAt: number,
  facts: PlanFacts,
): { readonly moments: readonly number[]; readonly more: boolean } {
  const limit = mostMadeUp + 1;
  let from = dueAt;
  let moments = momentsAfter(declared, from, { ...facts, limit });
  // From an interval's own phase its moments are counted, not looked for. By the calendar the span is halved until few are left.
  const { spec } = declared;
  const more = moments.length > mostMadeUp;
  if (more && spec.kind === 'interval') {
    const passed = Math.floor((facts.now - dueAt) / spec.intervalMs);
    from = dueAt + (passed - mostMadeUp) * spec.intervalMs;
    moments = momentsAfter(declared, from, { ...facts, limit });
  }
  while (moments.length > mostMadeUp) {
    from = facts.now - Math.floor((facts.now - from) / 2);
    moments = momentsAfter(declared, from, { ...facts, limit });
  }
  return { moments, more };
}
