import { Cron } from 'croner';
import { ownValue } from '../../base/ownValue.js';
import { parseDuration } from '../duration.js';
import { readCronFields } from './cronFields.js';
import { momentOfWallTime, wallTimeAt } from './wallTime.js';

/** A calendar rule, or a plain rhythm (`@every`). */
export type CronSchedule =
  | { readonly kind: 'calendar'; readonly pattern: string; readonly timezone?: string | undefined }
  | { readonly kind: 'every'; readonly ms: number };

export type CronReading =
  { readonly ok: true; readonly schedule: CronSchedule } | { readonly ok: false; readonly text: string };

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Reads a cron expression: five fields, six with seconds in front, `@hourly` and its like, `@every 1h30m`; all
 * optionally after `TZ=Zone` or `CRON_TZ=Zone`.
 */
export function readCron(source: string): CronReading {
  const zoned = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/s.exec(source.trim());
  const timezone = zoned?.[1];
  if (timezone !== undefined && !isTimezone(timezone)) return { ok: false, text: `unknown time zone "${timezone}"` };
  const expression = (zoned?.[2] ?? source).trim();
  if (expression === '') return { ok: false, text: 'it is empty' };
  if (expression.startsWith('@')) return readNickname(expression, timezone);
  const fields = readCronFields(expression);
  return fields.ok ? calendar(fields.pattern, timezone) : fields;
}

function calendar(pattern: string, timezone: string | undefined): CronReading {
  return { ok: true, schedule: { kind: 'calendar', pattern, timezone } };
}

function readNickname(expression: string, timezone: string | undefined): CronReading {
  const every = /^@every\s+(\S+)$/.exec(expression)?.[1];
  if (every !== undefined) {
    const ms = parseDuration(every);
    if (ms === undefined || ms <= 0) return { ok: false, text: `"${every}" is not a positive duration` };
    // Rhythms below a second are rounded up, as in the reference implementation.
    return { ok: true, schedule: { kind: 'every', ms: Math.max(1000, Math.floor(ms / 1000) * 1000) } };
  }
  const pattern = ownValue(NICKNAMES, expression);
  if (pattern !== undefined) return calendar(pattern, timezone);
  const known = [...Object.keys(NICKNAMES), '@every DURATION'].join(', ');
  return { ok: false, text: `"${expression}" is not one of ${known}` };
}

/** An IANA name or `local`. */
export function isTimezone(name: string): boolean {
  if (name.toLowerCase() === 'local') return true;
  // Offsets such as "+01:00" are understood by Intl but are not zones.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Up to `count` moments after `after`; milliseconds since 1970. Fewer when the rule never matches again. */
export function nextFireTimes(schedule: CronSchedule, options: FireTimeOptions): readonly number[] {
  if (schedule.kind === 'every') {
    const { ms } = schedule;
    return Array.from({ length: options.count }, (_, index) => options.after + ms * (index + 1));
  }
  const zone = schedule.timezone ?? options.timezone;
  const timezone = zone === undefined || zone.toLowerCase() === 'local' ? options.localTimezone : zone;
  if (!isEveryHour(schedule.pattern)) return wallFireTimes(schedule.pattern, timezone, options);
  const job = cronJob(schedule.pattern, timezone);
  return job.nextRuns(options.count, new Date(options.after)).map(date => date.getTime());
}

/** Those that name no hour go on through a change of clocks as if it were none. */
function isEveryHour(pattern: string): boolean {
  const hour = pattern.split(' ').at(-4);
  return hour === '*' || hour === '0-23';
}

/** Those that name hours: each time that a clock on the wall would show counts once, also where a change leaves it out or repeats it. */
function wallFireTimes(
  pattern: string,
  zone: string | undefined,
  { after, count }: Pick<FireTimeOptions, 'after' | 'count'>,
): readonly number[] {
  const job = cronJob(pattern, 'UTC');
  const times: number[] = [];
  let wall = job.nextRun(new Date(wallTimeAt(after, zone)));
  while (wall && times.length < count) {
    const time = momentOfWallTime(wall.getTime(), zone);
    if (time > (times.at(-1) ?? after)) times.push(time);
    wall = job.nextRun(wall);
  }
  return times;
}

function cronJob(pattern: string, timezone: string | undefined): Cron {
  return new Cron(pattern, {
    paused: true,
    mode: '5-or-6-parts',
    ...(timezone === undefined ? {} : { timezone }),
  });
}

export interface FireTimeOptions {
  readonly after: number;
  readonly count: number;
  /** Zone of the trigger: IANA name or `local`. */
  readonly timezone?: string | undefined;
  /** What `local` means; absent = the zone of this process. */
  readonly localTimezone?: string | undefined;
}
