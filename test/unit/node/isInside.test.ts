import { posix, win32 } from 'node:path';
import { expect, test } from 'vitest';
import { isInside } from '../../../src/node/isInside.js';

test.each([
  ['/repo', '/repo', true],
  ['/repo', '/repo/bin', true],
  ['/repo', '/repo/..bin/tool', true],
  ['/repo', '/repository', false],
  ['/repo', '/', false],
  ['/repo', '/repo/../other', false],
  ['/', '/repo', true],
])('%s contains %s: %s', (folder, place, expected) => {
  expect(isInside(folder, place, posix)).toBe(expected);
});

test('another drive is outside', () => {
  expect(isInside('C:\\repo', 'D:\\repo\\bin', win32)).toBe(false);
  expect(isInside('C:\\repo', 'c:\\repo\\bin', win32)).toBe(true);
});
