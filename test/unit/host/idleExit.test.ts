import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ClientPresence, exitWhenIdle } from '../../../src/host/idleExit.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => vi.useRealTimers());

function host() {
  const presence = new ClientPresence(() => performance.now());
  const state = { busy: false, exits: 0 };
  const timer = exitWhenIdle({ presence, afterMs: 1_000, isBusy: () => state.busy, exit: () => void state.exits++ });
  return { presence, state, timer };
}

describe('a host that nobody needs', () => {
  test('ends once, after its time', () => {
    const { state } = host();
    vi.advanceTimersByTime(900);
    expect(state.exits).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(state.exits).toBe(1);
  });

  test.each([
    ['a stream is open', ({ presence }: ReturnType<typeof host>) => presence.enter()],
    ['a call is at work', ({ presence }: ReturnType<typeof host>) => presence.call()],
    [
      'runs or merges are at work',
      ({ state }: ReturnType<typeof host>) => {
        state.busy = true;
        return { dispose: () => void (state.busy = false) };
      },
    ],
  ])('stays while %s, however long, and its time begins anew after it', (_, begin) => {
    const started = host();
    const need = begin(started);
    vi.advanceTimersByTime(60_000);
    expect(started.state.exits).toBe(0);
    need.dispose();
    need.dispose();
    vi.advanceTimersByTime(10_000);
    expect(started.state.exits).toBe(1);
  });

  test('does not end any more once it was given back', async () => {
    const { state, timer } = host();
    await timer.dispose();
    vi.advanceTimersByTime(60_000);
    expect(state.exits).toBe(0);
  });
});

describe('presence', () => {
  test('counts streams as clients, calls not', () => {
    const { presence } = host();
    const stream = presence.enter();
    presence.call();
    expect(presence.clients).toBe(1);
    stream.dispose();
    stream.dispose();
    expect(presence.clients).toBe(0);
  });

  test('is quiet when the last call has ended', async () => {
    const { presence } = host();
    await presence.whenQuiet();
    const calls = [presence.call(), presence.call()];
    let quiet = false;
    const waiting = presence.whenQuiet().then(() => (quiet = true));
    calls[0]?.dispose();
    await Promise.resolve();
    expect(quiet).toBe(false);
    calls[1]?.dispose();
    await waiting;
  });
});
