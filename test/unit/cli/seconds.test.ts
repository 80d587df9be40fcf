import { expect, test } from 'vitest';
import { readAge, readSeconds } from '../../../src/cli/options/seconds.js';

const day = 24 * 60 * 60 * 1000;

test('a time for a timer is cut to what a timer holds', () => {
  expect(readSeconds('90', '--timeout')).toBe(90_000);
  expect(readSeconds('1h30m', '--timeout')).toBe(90 * 60_000);
  expect(readSeconds('720h', '--timeout')).toBe(2 ** 31 - 1);
});

test('an age is whole: a month of hours is a month, and days may be said', () => {
  expect(readAge('720h', '--older-than')).toBe(30 * day);
  expect(readAge('30d', '--older-than')).toBe(30 * day);
  expect(readAge('0', '--older-than')).toBe(0);
  expect(readAge(undefined, '--older-than')).toBeUndefined();
});

test.each(['soon', '-1', '7 d', '1.5d', ''])('%j is no age', text => {
  expect(() => readAge(text, '--older-than')).toThrow(/--older-than takes/);
});
