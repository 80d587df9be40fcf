import { expect, test } from 'vitest';
import { RunLimitClock } from '../../../../src/core/runs/runLimitClock.js';
import { FakeClock } from '../../../support/clock.js';

function limitClock(limits: { readonly wallClockMs?: number; readonly stallMs?: number }, usedMs = 0) {
  const clock = new FakeClock();
  const limit = new RunLimitClock({ clock, limits: { wallClockMs: 0, stallMs: 0, graceMs: 0, ...limits }, usedMs });
  return { clock, limit };
}

test('no limits are never reached', async () => {
  const { clock, limit } = limitClock({});
  await clock.advance(1e9);
  expect(limit.remaining()).toBe(Infinity);
  expect(limit.reached()).toBeUndefined();
});

test('the nearer limit counts, and output moves the stall limit alone', async () => {
  const { clock, limit } = limitClock({ wallClockMs: 100, stallMs: 60 });
  await clock.advance(50);
  expect(limit.remaining()).toBe(10);
  limit.sawOutput();
  expect(limit.remaining()).toBe(50);
  await clock.advance(50);
  expect(limit.reached()).toBe('wall_clock');
});

test('a budget that earlier hosts have used up is reached at once', () => {
  const { limit } = limitClock({ wallClockMs: 100 }, 150);
  expect(limit.remaining()).toBe(0);
  expect(limit.reached()).toBe('wall_clock');
});
