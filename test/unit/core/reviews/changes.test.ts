import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fileChanges } from '../../../../src/core/reviews/changes.ts';
import { parsePatch } from '../../../../src/core/reviews/patch.ts';
import type { ChangedFile } from '../../../../src/core/workspaces/worktreeDriver.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

function file(path: string, more: Partial<ChangedFile> = {}): ChangedFile {
  return { path, status: 'modified', binary: false, additions: 1, deletions: 1, ...more };
}

/** A patch of one file whose changed lines are those given; unchanged ones have a space. */
function patch(path: string, lines: readonly string[], from = 1): string {
  const count = (sign: string): number => lines.filter(line => !line.startsWith(sign)).length;
  const header = `@@ -${from},${count('+')} +${from},${count('-')} @@`;
  return [
    `diff --git a/${path} b/${path}`,
    'index 1..2 100644',
    `--- a/${path}`,
    `+++ b/${path}`,
    header,
    ...lines,
    '',
  ].join('\n');
}

function keys(lines: readonly string[], from?: number): readonly string[] {
  return fileChanges([file('a')], patch('a', lines, from), digest).flatMap(({ hunks }) => hunks.map(({ key }) => key));
}

describe('hunks', () => {
  test('are what stands between unchanged lines, with the lines that they have', () => {
    const [found] = parsePatch(patch('a', [' one', '-two', '+2', ' three', '+four', ' five'], 10));
    expect(found?.hunks).toEqual([
      { oldStart: 11, oldLines: 1, newStart: 11, newLines: 1, lines: ['-two', '+2'], raw: ['-two', '+2'] },
      { oldStart: 12, oldLines: 0, newStart: 13, newLines: 1, lines: ['+four'], raw: ['+four'] },
    ]);
  });

  test('keep their key while others change, and lines move', () => {
    const [first, second] = keys([' one', '-two', '+2', ' three', '+four']);
    expect(keys([' one', '-two', '+2', ' three', '+five'])[0]).toBe(first);
    expect(keys(['+zero', ' one', '-two', '+2', ' three', '+four'], 7).slice(1)).toEqual([first, second]);
    expect(keys([' one', '-two', '+II', ' three', '+four'])).not.toContain(first);
  });

  test('that are alike in one file are told apart', () => {
    expect(new Set(keys(['+x', ' one', '+x'])).size).toBe(2);
  });

  test('a file without lines is one piece, which another content changes', () => {
    const binary = (index: string): string => `diff --git a/i.png b/i.png\nindex ${index}\nBinary files differ\n`;
    const one = (index: string) =>
      fileChanges([file('i.png', { binary: true })], binary(index), digest)[0]?.hunks[0]?.key;
    expect(one('1..2')).toBeDefined();
    expect(one('1..3')).not.toBe(one('1..2'));
    expect(fileChanges([file('gone')], '', digest)[0]?.hunks).toHaveLength(1);
  });
});

describe('the files of a patch', () => {
  test.each([
    [
      'diff --git "a/\\303\\244 b" "b/\\303\\244 b"\n--- "a/\\303\\244 b"\n+++ "b/\\303\\244 b"\n@@ -1 +1 @@\n-a\n+b',
      'ä b',
    ],
    ['diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -1 +1 @@\n-a\n+b', 'a b'],
    ['diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a', 'x'],
    ['diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a', 'x'],
    ['diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y', 'y'],
    ['diff --git a/p q b/p q\nold mode 100644\nnew mode 100755', 'p q'],
  ])('are named as they are: %#', (text, path) => {
    expect(parsePatch(text).map(each => each.path)).toEqual([path]);
  });

  test('are not confused by contents that look like a patch', () => {
    const lines = ['--- a/x', '+++ b/y', '+diff --git a/z b/z', '-@@ -1 +1 @@'];
    expect(parsePatch(patch('a', lines)).map(({ path, hunks }) => [path, hunks.length])).toEqual([['a', 1]]);
  });

  test('of a patch that was cut are those that are there', () => {
    const whole = patch('a', ['+one', '+two', '+three']);
    for (let end = 0; end < whole.length; end++) expect(() => parsePatch(whole.slice(0, end))).not.toThrow();
  });
});
