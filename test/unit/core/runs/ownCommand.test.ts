import { expect, test } from 'vitest';
import { LiveInput } from '../../../../src/core/runs/liveInput.js';
import { ownCommand } from '../../../../src/core/runs/ownCommand.js';
import { FakeClock } from '../../../support/clock.js';
import { countingIds } from '../../../support/ids.js';

const never = new AbortController().signal;

function world(wallClockMs: number) {
  const input = new LiveInput({});
  const clock = new FakeClock();
  const run = { id: countingIds().next<'run'>(), liveInput: true };
  const terms = { run, inputs: { of: () => input }, guest: { hasPipes: false }, limits: { wallClockMs }, clock };
  const command = async (signal: AbortSignal) => await ownCommand('cat', terms, signal);
  return { input, clock, command };
}

test('a command that no pipe leads into waits for its input only as long as it may take', async () => {
  const { input, clock, command } = world(60_000);
  const started = command(never);
  await input.give({ data: Buffer.from('one'), end: false }, never);
  const end = expect(started).rejects.toMatchObject({
    code: 'request.invalid',
    message: expect.stringContaining('its input did not end within 60 s'),
  });
  await clock.advance(59_999);
  expect(clock.sleeping).toBe(1);
  await clock.advance(1);
  await end;
});

test('one whose input has ended in time leaves no clock running, nor does one that is cancelled', async () => {
  const ended = world(60_000);
  const started = ended.command(never);
  await ended.input.give({ data: Buffer.from('one'), end: true }, never);
  expect((await started).prompt).toContain(Buffer.from('one').toString('base64'));
  const cancelled = world(60_000);
  const stop = new AbortController();
  const waiting = cancelled.command(stop.signal);
  stop.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
  expect([ended.clock.sleeping, cancelled.clock.sleeping]).toEqual([0, 0]);
});

test('one without a limit waits as long as it takes', async () => {
  const { input, clock, command } = world(0);
  const started = command(never);
  await clock.advance(1_000_000_000);
  await input.give({ data: Buffer.from('one'), end: true }, never);
  expect((await started).prompt).toContain('cat');
});
