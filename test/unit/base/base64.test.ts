import { expect, test } from 'vitest';
import { base64 } from '../../../src/base/base64.js';

test('is what everybody else reads, for every length and every byte', () => {
  const bytes = Uint8Array.from({ length: 258 }, (_, index) => index % 256);
  for (const length of [0, 1, 2, 3, 4, 255, 256, 257, 258])
    expect(base64(bytes.subarray(0, length))).toBe(Buffer.from(bytes.subarray(0, length)).toString('base64'));
});
