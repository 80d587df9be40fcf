import { describe, expect, test } from 'vitest';
import { parseFileReference } from '../../../webview/shared/fileReference.js';

describe('a text that points at a file', () => {
  test.each([
    ['src/a.ts', { path: 'src/a.ts' }],
    ['src/a.ts:12', { path: 'src/a.ts', line: 12 }],
    ['src/a.ts:12:5', { path: 'src/a.ts', line: 12 }],
    ['src/a.ts:12-20', { path: 'src/a.ts', line: 12 }],
    ['src/a.ts#L12', { path: 'src/a.ts', line: 12 }],
    ['/home/me/a.ts:3', { path: '/home/me/a.ts', line: 3 }],
    ['Makefile:3', undefined],
    ['README.md', { path: 'README.md' }],
    ['npm test', undefined],
    ['https://example.com/a.ts', undefined],
    ['//example.com/a', undefined],
    ['z.object({})', { path: 'z.object({})' }],
    ['a:b:c', undefined],
    ['', undefined],
    ['javascript:alert(1)', undefined],
  ])('%s', (text, expected) => {
    expect(parseFileReference(text)).toEqual(expected);
  });
});
