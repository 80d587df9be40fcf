import { describe, expect, it } from 'vitest';
import { deferred } from '../../../../src/base/async.js';
import { JoinedLooks } from '../../../../src/drivers/git/command/joinedLooks.js';

describe('looks that are joined', () => {
  it('give whoever asks one that began after the asking, and share it', async () => {
    const looks = new JoinedLooks<number>();
    const gate = deferred<void>();
    let begun = 0;
    const look = async (): Promise<number> => {
      const mine = ++begun;
      await gate.promise;
      return mine;
    };
    const first = looks.look('refs', look);
    const others = [looks.look('refs', look), looks.look('refs', look), looks.look('refs', look)];
    const elsewhere = looks.look('other', look);
    expect(begun).toBe(2);
    gate.resolve();
    expect([await first, await elsewhere]).toEqual([1, 2]);
    expect(await Promise.all(others)).toEqual([3, 3, 3]);
    expect(await looks.look('refs', look)).toBe(4);
  });

  it('begin again after one that failed, and tell only those who shared it', async () => {
    const looks = new JoinedLooks<string>();
    const first = looks.look('refs', () => Promise.reject(new Error('locked')));
    const second = looks.look('refs', async () => 'seen');
    await expect(first).rejects.toThrow('locked');
    expect(await second).toBe('seen');
  });
});
