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

  describe('where clocks are changed', () => {
    /** In Berlin 02:00 to 03:00 comes twice on 31 October 2027 and not at all on 28 March 2027. */
    const twice = ['2027-10-30T21:50:00Z', '2027-10-31T03:10:00Z'] as const;
    const never = ['2027-03-27T22:50:00Z', '2027-03-28T03:10:00Z'] as const;
    const between = (expression: string, [from, to]: readonly [string, string], timezone = 'Europe/Berlin'): string => {
      const all: string[] = [];
      // One after the other, as a schedule asks.
      for (let at = from; ;) {
        const [found] = next(expression, at, 1, timezone);
        if (found === undefined || found > to) return all.join(' ');
        all.push(found.slice(11, found.endsWith(':00Z') ? 16 : 19));
        at = found;
      }
    };

    it.each([
      ['30 2 * * *', '00:30', '01:00'],
      ['0,30 2 * * *', '00:00 00:30', '01:00'],
      ['15 2,3 * * *', '00:15 02:15', '01:00 01:15'],
      ['0 */2 * * *', '22:00 00:00 03:00', '23:00 01:00 02:00'],
      ['0 1-4 * * *', '23:00 00:00 02:00 03:00', '00:00 01:00 02:00'],
      ['59 59 2 * * *', '00:59:59', '01:00'],
      ['0 * * * *', '22:00 23:00 00:00 01:00 02:00 03:00', '23:00 00:00 01:00 02:00 03:00'],
      ['30 0-23 * * *', '22:30 23:30 00:30 01:30 02:30', '23:30 00:30 01:30 02:30'],
    ])('%s: twice %s, never %s', (expression, whereTwice, whereNever) => {
      expect(between(expression, twice)).toBe(whereTwice);
      expect(between(expression, never)).toBe(whereNever);
    });

    it('by half an hour, at midnight, west of here, and after the first of two', () => {
      expect(between('45 1 * * *', ['2027-04-03T12:00:00Z', '2027-04-04T12:00:00Z'], 'Australia/Lord_Howe')).toBe(
        '14:45',
      );
      expect(between('15 2 * * *', ['2027-10-02T12:00:00Z', '2027-10-03T12:00:00Z'], 'Australia/Lord_Howe')).toBe(
        '15:30',
      );
      expect(between('0 0 * * *', ['2027-04-29T12:00:00Z', '2027-04-30T12:00:00Z'], 'Africa/Cairo')).toBe('22:00');
      expect(between('30 1 * * *', ['2027-11-07T00:00:00Z', '2027-11-08T12:00:00Z'], 'America/New_York')).toBe(
        '05:30 06:30',
      );
      expect(next('30 2 * * *', '2027-10-31T01:05:00Z', 1, 'Europe/Berlin')).toEqual(['2027-11-01T01:30:00Z']);
    });
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
