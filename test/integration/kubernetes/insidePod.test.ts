import { expect, onTestFinished, test, vi } from 'vitest';
import { runInside, startInside } from '../../../src/drivers/kubernetes/insidePod.js';
import { carrying } from '../../support/carriedPrograms.js';

/** A program in a pod that says nothing, behind a server that answers pings or not. */
async function silentProgram(options: { readonly autoPong: boolean }) {
  const heard = vi.fn<() => void>();
  const place = await carrying(options, opened => {
    // Whoever answers this one has read what was sent before it: the answer to its own.
    opened.on('ping', () => opened.ping());
    opened.on('pong', heard);
  });
  const program = await startInside(place, ['tar'], 'output');
  onTestFinished(() => program.end());
  return { program, heard };
}

test.each([
  { autoPong: false, ends: true },
  { autoPong: true, ends: false },
])('a program in a pod is given up where its server has vanished, and only there: $autoPong', async given => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { program, heard } = await silentProgram(given);
  let isOver = false;
  void program.ended.then(({ code }) => (isOver = code === undefined));
  vi.advanceTimersByTime(30_000);
  await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), { timeout: 60_000 });
  vi.advanceTimersByTime(30_000);
  if (given.ends) await vi.waitFor(() => expect(isOver).toBe(true), { timeout: 60_000 });
  else {
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(2), { timeout: 60_000 });
    expect(isOver).toBe(false);
  }
});

test('a short command that never stops talking is ended, and not kept in memory', async () => {
  const ended = Promise.withResolvers<void>();
  const place = await carrying({ autoPong: true }, opened => {
    const words = Buffer.alloc(16 * 1024, 1);
    const say = (): void => opened.send(words, error => (error ? undefined : say()));
    opened.on('close', () => ended.resolve());
    say();
  });
  await expect(runInside(place, ['cat'])).rejects.toThrow('says more than anybody asked for');
  await ended.promise;
});
