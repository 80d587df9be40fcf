import { describe, expect, it } from 'vitest';
import { nextFireTimes, readCron } from '../../../src/compose/cron/cronSchedule.js';

const iso = (times: readonly number[]): readonly string[] =>
  times.map(time => new Date(time).toISOString().replace('.000Z', 'Z'));

function next(expression: string, after: string, count = 2, timezone = 'UTC'): readonly string[] {
  const reading = readCron(expression);
  if (!reading.ok) throw new Error(reading.text);
  return iso(nextFireTimes(reading.schedule, { after: Date.parse(after), count, timezone }));
}

const NEW_YEAR = '2026-01-01T00:00:00Z';

describe('cron expressions', () => {
  it.each([
    ['0 * * * *', ['2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z']],
    ['30 15 10 * * *', ['2026-01-01T10:15:30Z', '2026-01-02T10:15:30Z']],
    ['*/20 * * * *', ['2026-01-01T00:20:00Z', '2026-01-01T00:40:00Z']],
    ['10/25 * * * *', ['2026-01-01T00:10:00Z', '2026-01-01T00:35:00Z']],
    ['0 9 * * MON-FRI', ['2026-01-01T09:00:00Z', '2026-01-02T09:00:00Z']],
    ['0 0 * * 7', ['2026-01-04T00:00:00Z', '2026-01-11T00:00:00Z']],
    ['0 0 ? JUL,Dec ?', ['2026-07-01T00:00:00Z', '2026-07-02T00:00:00Z']],
    ['0 0 13 * FRI', ['2026-01-02T00:00:00Z', '2026-01-09T00:00:00Z']],
    ['@hourly', ['2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z']],
    ['@daily', ['2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z']],
    ['@midnight', ['2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z']],
    ['@weekly', ['2026-01-04T00:00:00Z', '2026-01-11T00:00:00Z']],
    ['@monthly', ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z']],
    ['@yearly', ['2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z']],
    ['@annually', ['2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z']],
    ['@every 1h30m', ['2026-01-01T01:30:00Z', '2026-01-01T03:00:00Z']],
    ['@every 1500ms', ['2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z']],
    ['TZ=Asia/Tokyo 0 9 * * *', ['2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z']],
    ['  0   *  * * *  ', ['2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z']],
  ])('%s', (expression, expected) => {
    expect(next(expression, NEW_YEAR)).toEqual(expected);
  });

  it('follow the time zone, also over a change of the clock', () => {
    // In Berlin 02:30 does not exist on 29 March 2026; the day after it is two hours ahead of UTC.
    expect(next('30 2 * * *', '2026-03-28T12:00:00Z', 2, 'Europe/Berlin')).toEqual([
      '2026-03-29T01:00:00Z',
      '2026-03-30T00:30:00Z',
    ]);
    expect(next('0 9 * * *', '2026-03-28T12:00:00Z', 2, 'Europe/Berlin')).toEqual([
      '2026-03-29T07:00:00Z',
      '2026-03-30T07:00:00Z',
    ]);
  });

  it('fire never when no such day exists', () => {
    expect(next('0 0 30 2 *', NEW_YEAR)).toEqual([]);
  });

  it('take a local zone from the caller', () => {
    const reading = readCron('0 9 * * *');
    if (!reading.ok) throw new Error(reading.text);
    const options = { after: Date.parse(NEW_YEAR), count: 1, timezone: 'local', localTimezone: 'America/New_York' };
    expect(iso(nextFireTimes(reading.schedule, options))).toEqual(['2026-01-01T14:00:00Z']);
  });

  it.each([
    '',
    '* * * *',
    '* * * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * 32 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '*/x * * * *',
    '1/2/3 * * * *',
    '1,,2 * * * *',
    '-1 * * * *',
    'a * * * *',
    '0 0 L * *',
    '0 0 15W * *',
    '0 0 * * FRI#2',
    '0 0 * * 5L',
    'JAN * * * *',
    '@reboot',
    '@every',
    '@every soon',
    '@every -1h',
    'TZ=Mars/Base 0 * * * *',
  ])('refuse %j', expression => {
    expect(readCron(expression).ok).toBe(false);
  });
});
