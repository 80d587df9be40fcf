import { describe, expect, test } from 'vitest';
import { candidatePaths } from '../../../src/extension/threadPage/transcriptPath.js';

const roots = ['/w/thread', '/r/shop'];

describe('where a path of a transcript may lead', () => {
  test.each([
    ['src/a.ts', ['/w/thread/src/a.ts', '/r/shop/src/a.ts']],
    ['/w/thread/src/a.ts', ['/w/thread/src/a.ts']],
    ['./src/../b.ts', ['/w/thread/b.ts', '/r/shop/b.ts']],
  ])('%s', (path, first) => {
    expect(candidatePaths(path, roots).slice(0, first.length)).toEqual(first);
  });

  test("a guest's path is found by its tail", () => {
    expect(candidatePaths('/workspace/src/a.ts', roots)).toContain('/w/thread/src/a.ts');
  });

  test.each(['../secret', '../../etc/passwd', '/etc/passwd', '/w/thread/../other/x', '/w/thread', 'a\0b', '..'])(
    '%j never leads out of the folders',
    path => {
      for (const candidate of candidatePaths(path, roots)) {
        expect(roots.some(root => candidate.startsWith(`${root}/`))).toBe(true);
      }
    },
  );

  test('without folders there is nowhere to go', () => {
    expect(candidatePaths('src/a.ts', [])).toEqual([]);
  });
});
