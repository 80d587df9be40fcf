import { describe, expect, it } from 'vitest';
import { deferred, KeyedLimit, KeyedQueue, untilAborted, within } from '../../../src/base/async.js';
import { DisposableStore } from '../../../src/base/lifecycle.js';
import { FakeClock } from '../../support/clock.js';

describe('a keyed queue', () => {
  it('runs work of one key in order and of two keys side by side', async () => {
    const queue = new KeyedQueue();
    const seen: string[] = [];
    const gate = deferred<void>();
    const first = queue.run('a', async () => {
      await gate.promise;
      seen.push('a1');
    });
    const second = queue.run('a', async () => void seen.push('a2'));
    await queue.run('b', async () => void seen.push('b1'));
    expect(seen).toEqual(['b1']);
    gate.resolve();
    await Promise.all([first, second]);
    expect(seen).toEqual(['b1', 'a1', 'a2']);
  });

  it('goes on after work that failed', async () => {
    const queue = new KeyedQueue();
    await expect(queue.run('a', async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(queue.run('a', async () => 'yes')).resolves.toBe('yes');
  });

  it('skips work that was aborted before its turn', async () => {
    const queue = new KeyedQueue();
    const gate = deferred<void>();
    const controller = new AbortController();
    const first = queue.run('a', () => gate.promise);
    let ran = false;
    const second = queue.run(
      'a',
      async () => {
        ran = true;
      },
      controller.signal,
    );
    controller.abort(new Error('changed my mind'));
    gate.resolve();
    await first;
    await expect(second).rejects.toThrow('changed my mind');
    expect(ran).toBe(false);
  });
});

describe('a keyed limit', () => {
  it('keeps work of one key to its width, in the order it came, also after work that failed', async () => {
    const limit = new KeyedLimit(2);
    const gates = [deferred<void>(), deferred<void>(), deferred<void>()];
    const begun: number[] = [];
    const done = gates.map((gate, index) =>
      limit.run('a', async () => {
        begun.push(index);
        await gate.promise;
      }),
    );
    await limit.run('b', async () => void begun.push(9));
    expect(begun).toEqual([0, 1, 9]);
    gates[1]?.reject(new Error('no'));
    await expect(done[1]).rejects.toThrow('no');
    gates[0]?.resolve();
    gates[2]?.resolve();
    await Promise.all([done[0], done[2]]);
    expect(begun).toEqual([0, 1, 9, 2]);
  });
});

describe('a store of disposables', () => {
  it('gives everything back last in, first out, even when one throws', async () => {
    const seen: string[] = [];
    const store = new DisposableStore();
    store.add({ dispose: () => void seen.push('database') });
    store.add({
      dispose: () => {
        throw new Error('broken');
      },
    });
    store.add({ dispose: () => void seen.push('endpoint') });
    await expect(store.dispose()).rejects.toThrow(AggregateError);
    expect(seen).toEqual(['endpoint', 'database']);
    expect(() => store.add({ dispose: () => undefined })).toThrow('after shutdown');
  });
});

describe('waiting with an end', () => {
  it('gives up at once when aborted, and leaves no listener behind', async () => {
    const stop = new AbortController();
    const waiting = untilAborted(new Promise(() => undefined), stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(untilAborted(Promise.resolve(1), stop.signal)).rejects.toThrow('enough');
    expect(await untilAborted(Promise.resolve(1), new AbortController().signal)).toBe(1);
  });

  it('says whether the work or the time was over first, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    expect(await within(Promise.resolve(), { ms: 5, clock })).toBe('settled');
    expect(await within(Promise.reject(new Error('no')), { ms: 5, clock })).toBe('settled');
    const late = within(new Promise(() => undefined), { ms: 5, clock });
    await clock.advance(5);
    expect(await late).toBe('late');
    expect(clock.sleeping).toBe(0);
  });
});
