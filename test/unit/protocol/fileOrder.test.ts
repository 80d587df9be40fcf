import { expect, test } from 'vitest';
import { byPath } from '../../../src/protocol/fileOrder.js';

test('files are listed as people count them', () => {
  const paths = ['part-10.txt', 'src/a.ts', 'part-2.txt', 'part-1.txt'].map(path => ({ path }));
  expect(paths.toSorted(byPath).map(({ path }) => path)).toEqual([
    'part-1.txt',
    'part-2.txt',
    'part-10.txt',
    'src/a.ts',
  ]);
});
