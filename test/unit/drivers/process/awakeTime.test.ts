import { expect, test } from 'vitest';
import { AwakeTime, heartbeatMs } from '../../../../src/drivers/process/awakeTime.js';

test('time passes as on the clock while someone looks regularly', () => {
  const time = new AwakeTime(1000);
  expect(time.observe(1500)).toBe(500);
  expect(time.observe(1500 + heartbeatMs)).toBe(500 + heartbeatMs);
});

test('a machine that slept for hours was awake for a heartbeat at most', () => {
  const time = new AwakeTime(0);
  time.observe(heartbeatMs);
  expect(time.observe(8 * 3_600_000)).toBe(2 * heartbeatMs);
});
