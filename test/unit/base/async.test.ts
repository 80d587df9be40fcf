import { describe, expect, it } from 'vitest';
import { deferred, KeyedQueue } from '../../../src/base/async.js';
import { DisposableStore } from '../../../src/base/lifecycle.js';

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
