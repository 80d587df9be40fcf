import { describe, expect, it } from 'vitest';
import { nextFires, scheduleText } from '../../../src/extension/views/nextFire.js';

const now = Date.UTC(2026, 2, 2, 8, 10);
const applied = Date.UTC(2026, 2, 2, 7, 0);
const times = (kind: string, schedule: string, timezone = ''): readonly string[] =>
  nextFires({ kind, schedule, timezone }, { appliedAt: applied, now, count: 2 }).map(time =>
    new Date(time).toISOString().slice(0, 16),
  );

describe('the next times of a trigger', () => {
  it('follow the calendar in the zone that the file names', () => {
    expect(times('cron', '0 18 * * *', 'Asia/Tokyo')).toEqual(['2026-03-02T09:00', '2026-03-03T09:00']);
    expect(times('cron', 'TZ=America/New_York 0 9 * * *', 'Asia/Tokyo')).toEqual([
      '2026-03-02T14:00',
      '2026-03-03T14:00',
    ]);
  });

  it('follow a rhythm that began when the file was applied', () => {
    expect(times('interval', '30m')).toEqual(['2026-03-02T08:30', '2026-03-02T09:00']);
  });

  it('are over for a delay that has passed, and unknown for events and unknown zones', () => {
    expect(times('timeout', '2h')).toEqual(['2026-03-02T09:00']);
    expect(times('timeout', '15m')).toEqual([]);
    expect(times('event', 'webhook.github.push')).toEqual([]);
    expect(times('cron', '0 9 * * *', 'Mars/Olympus')).toEqual([]);
  });
});

it('an interval is said as on the board and where it is consented to', () => {
  expect(scheduleText({ kind: 'interval', schedule: '1m30s' })).toBe('90 s');
  expect(scheduleText({ kind: 'cron', schedule: '0 9 * * *' })).toBe('0 9 * * *');
});
