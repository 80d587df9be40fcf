import { expect, test } from 'vitest';
import { exactDuration } from '../../../src/base/exactDuration.js';

test.each([
  [90_000, '90 s'],
  [7_200_000, '2 h'],
  [5_400_000, '90 min'],
  [1_500, '1500 ms'],
])('%d ms are said as %j, without rounding', (ms, text) => {
  expect(exactDuration(ms)).toBe(text);
});
