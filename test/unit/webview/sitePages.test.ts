import { describe, expect, test } from 'vitest';
import { offeredActions } from '../../../src/protocol/webview/threadActions.js';
import { languageOf, readPatch } from '../../../webview/site/patchLines.js';
import { parseRoute, pathOf, type SiteRoute } from '../../../webview/site/siteRoute.js';
import { threadView } from '../../webview/support/threadFixtures.js';

describe('a patch', () => {
  const patch = `diff --git a/src/a.ts b/src/a.ts
index 1..2 100644
--- a/src/a.ts
+++ b/src/a.ts
@@ -3,3 +3,4 @@ function f() {
 same
-gone
+come
+++ more
 end
\\ No newline at end of file
diff --git a/old name.txt b/new name.txt
similarity index 100%
rename from old name.txt
rename to new name.txt
diff --git "a/\\303\\244\\"b.txt" "b/\\303\\244\\"b.txt"
deleted file mode 100644
--- "a/\\303\\244\\"b.txt"
+++ /dev/null
@@ -1 +0,0 @@
-text
diff --git a/logo.png b/logo.png
Binary files a/logo.png and b/logo.png differ
`;

  test('is read file by file, with the numbers of both sides', () => {
    const files = readPatch(patch);
    expect(files.map(({ path, binary }) => ({ path, binary }))).toEqual([
      { path: 'src/a.ts', binary: false },
      { path: 'new name.txt', binary: false },
      { path: 'ä"b.txt', binary: false },
      { path: 'logo.png', binary: true },
    ]);
    expect(files[0]?.lines).toEqual([
      { kind: 'hunk', text: '@@ -3,3 +3,4 @@ function f() {' },
      { kind: 'same', text: 'same', before: 3, after: 3 },
      { kind: 'removed', text: 'gone', before: 4 },
      { kind: 'added', text: 'come', after: 4 },
      { kind: 'added', text: '++ more', after: 5 },
      { kind: 'same', text: 'end', before: 5, after: 6 },
    ]);
    expect(files[2]?.lines).toEqual([
      { kind: 'hunk', text: '@@ -1 +0,0 @@' },
      { kind: 'removed', text: 'text', before: 1 },
    ]);
  });

  test('has the language of its files, and none where nobody knows', () => {
    expect(['a.ts', 'B.PY', 'x/y.yml', 'Makefile', 'a.constructor'].map(languageOf)).toEqual([
      'typescript',
      'python',
      'yaml',
      '',
      '',
    ]);
  });
});

describe('addresses', () => {
  test.each<SiteRoute>([
    { page: 'board' },
    { page: 'thread', threadId: 'y07n5qp6p686' },
    { page: 'changes', threadId: 'y07n5qp6p686', file: 'a b/ü.ts' },
    { page: 'dispatch', project: 'pqy0xadnvre8', agent: 'dev' },
    { page: 'settings' },
  ])('$page is found again', route => {
    const { pathname, search } = new URL(pathOf(route), 'http://host');
    expect(parseRoute({ pathname, search })).toEqual(route);
  });

  test('that are none of ours show the board', () => {
    for (const pathname of ['/threads/', '/threads/../../etc', '/threads/Y07N5QP6P686', '/elsewhere'])
      expect(parseRoute({ pathname, search: '' })).toEqual({ page: 'board' });
  });
});

test('in a browser nothing is offered that needs an editor on the host’s machine', () => {
  const thread = threadView({ status: 'ready', hasWorktree: true });
  const inBrowser = offeredActions({ ...thread, inBrowser: true });
  expect(offeredActions(thread).menu).toEqual(expect.arrayContaining(['openWorktree', 'openTerminal', 'rawLog']));
  expect(inBrowser.menu).not.toEqual(expect.arrayContaining(['openWorktree']));
  expect(inBrowser.menu).not.toEqual(expect.arrayContaining(['openTerminal']));
  expect(inBrowser.menu).toContain('rawLog');
  expect(inBrowser.buttons).toEqual(offeredActions(thread).buttons);
});
