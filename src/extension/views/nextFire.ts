import { nextFireTimes, readCron, type CronSchedule } from '../../compose/cron/cronSchedule.js';
import { exactDuration } from '../../base/exactDuration.js';
import { parseDuration } from '../../compose/duration.js';

export interface TriggerTimes {
  /** cron, interval, timeout, event */
  readonly kind: string;
  readonly schedule: string;
  /** IANA name; empty: the zone of this machine. */
  readonly timezone: string;
}

/** When a trigger is due next, ms since the epoch, at most `count` times; none for events and for what is over. */
export function nextFires(
  { kind, schedule, timezone }: TriggerTimes,
  { appliedAt, now, count }: { readonly appliedAt: number; readonly now: number; readonly count: number },
): readonly number[] {
  if (kind === 'cron') {
    const reading = readCron(schedule);
    return reading.ok ? calendarTimes(reading.schedule, { now, count, timezone }) : [];
  }
  const ms = parseDuration(schedule);
  if (ms === undefined || ms <= 0) return [];
  if (kind === 'timeout') return appliedAt + ms > now ? [appliedAt + ms] : [];
  if (kind !== 'interval') return [];
  const passed = Math.max(0, Math.floor((now - appliedAt) / ms));
  return Array.from({ length: count }, (_, index) => appliedAt + ms * (passed + 1 + index));
}

/** As board and consent say it; an expression, a topic and what is no length of time as they are written. */
export function scheduleText({ kind, schedule }: Pick<TriggerTimes, 'kind' | 'schedule'>): string {
  const ms = kind === 'interval' || kind === 'timeout' ? parseDuration(schedule) : undefined;
  return ms === undefined ? schedule : exactDuration(ms);
}

function calendarTimes(
  schedule: CronSchedule,
  { now, count, timezone }: { readonly now: number; readonly count: number; readonly timezone: string },
): readonly number[] {
  try {
    return nextFireTimes(schedule, { after: now, count, ...(timezone === '' ? {} : { timezone }) });
  } catch {
    // A zone that this machine does not know.
    return [];
  }
}
