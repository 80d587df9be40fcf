import type * as crypto from 'node:crypto';
import { timingSafeEqual } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { isSame } from '../../../src/host/server/isSame.js';

vi.mock('node:crypto', async importOriginal => {
  const original = await importOriginal<typeof crypto>();
  return { ...original, timingSafeEqual: vi.fn<typeof timingSafeEqual>(original.timingSafeEqual) };
});

const secret = 'a'.repeat(64);

// What is compared has one length and no letter in common with what was shown, so that time says nothing of either. A watch would
// find the difference of one comparison only in noise; this says why there is none.
test.each([
  ['nothing', '', false],
  ['its first letter wrong', `b${'a'.repeat(63)}`, false],
  ['its last letter wrong', `${'a'.repeat(63)}b`, false],
  ['a part of it', 'a'.repeat(63), false],
  ['more than it', 'a'.repeat(100_000), false],
  ['the secret', secret, true],
])('%s is compared by digests, all of them, in constant time', (_, shown, same) => {
  vi.mocked(timingSafeEqual).mockClear();
  expect(isSame(shown, secret)).toBe(same);
  const compared = vi.mocked(timingSafeEqual).mock.calls.map(pair => pair.map(side => side.byteLength));
  expect(compared).toEqual([[32, 32]]);
});
