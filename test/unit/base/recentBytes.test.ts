import { expect, it } from 'vitest';
import { RecentBytes } from '../../../src/base/recentBytes.js';

function source() {
  const read: string[] = [];
  const recent = new RecentBytes(10);
  const get = (key: string, size: number) =>
    recent.get(key, async () => {
      read.push(key);
      return new Uint8Array(size);
    });
  return { read, get };
}

it('answers again from what it keeps, and forgets what was not asked for the longest', async () => {
  const { read, get } = source();
  await get('a', 4);
  await get('b', 4);
  await get('a', 4);
  await get('c', 4);
  expect(read).toEqual(['a', 'b', 'c']);
  await get('a', 4);
  await get('b', 4);
  expect(read).toEqual(['a', 'b', 'c', 'b']);
});

it('keeps nothing that is larger than all it may keep, and reads once for all who ask at a time', async () => {
  const { read, get } = source();
  await Promise.all([get('large', 11), get('large', 11)]);
  await get('large', 11);
  expect(read).toEqual(['large', 'large']);
});

it('keeps no failure', async () => {
  const recent = new RecentBytes(10);
  await expect(recent.get('a', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  expect(await recent.get('a', async () => undefined)).toBeUndefined();
});
