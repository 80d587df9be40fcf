import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommitFile } from '../../../src/core/workspaces/historyDriver.js';
import { unchangedFiles } from '../../../src/drivers/guests/unchangedFiles.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

const never = new AbortController().signal;
/** Of `one\n`, as `git hash-object` prints it. */
const one = '5626abf0f72e58d7a153368ba57db4c673c0e171';
const oneInSha256 = 'a4ed1f355afb02d88cd291d0e4463910c5061ece48a49aa2b1539b9af973b286';

function worktree(files: Readonly<Record<string, { readonly text?: string; readonly mode?: number }>>): string {
  const folder = tempDirectory('muster-unchanged');
  for (const [name, { text = 'one\n', mode = 0o644 }] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), mode);
  }
  return folder;
}

/** All that the commit has, each with the same text. */
function commit(...paths: readonly string[]): ReadonlyMap<string, CommitFile> {
  return new Map(paths.map(path => [path, { id: one, isExecutable: path.endsWith('.sh') }]));
}

test('files are unchanged that have the bytes and the mode of the commit', async () => {
  const folder = worktree({
    'same': {},
    'in/side/same': {},
    'run.sh': { mode: 0o755 },
    'run no more.sh': {},
    'changed': { text: 'two\n' },
    'of the same length': { text: 'eno\n' },
    'runs now': { mode: 0o755 },
    'secret': { mode: 0o600 },
    'untracked': {},
  });
  const files = commit(
    'same',
    'in/side/same',
    'run.sh',
    'run no more.sh',
    'changed',
    'of the same length',
    'runs now',
    'secret',
    'gone',
  );
  const { paths, umask } = await unchangedFiles(folder, files, never);
  expect([...paths].toSorted()).toEqual(['in/side/same', 'run.sh', 'same']);
  expect(umask).toBe(0o022);
});

test('modes are those that most files have', async () => {
  const folder = worktree({ 'a': { mode: 0o664 }, 'b': { mode: 0o664 }, 'c': {}, 'd.sh': { mode: 0o775 } });
  const { paths, umask } = await unchangedFiles(folder, commit('a', 'b', 'c', 'd.sh'), never);
  expect([...paths].toSorted()).toEqual(['a', 'b', 'd.sh']);
  expect(umask).toBe(0o002);
});

test('no link is followed, to a file or to a folder', async () => {
  const folder = worktree({ 'elsewhere/file': {} });
  symlinkSync('elsewhere/file', join(folder, 'file'));
  symlinkSync('elsewhere', join(folder, 'folder'));
  const { paths } = await unchangedFiles(folder, commit('file', 'folder/file', 'elsewhere/file'), never);
  expect([...paths]).toEqual(['elsewhere/file']);
});

test('a folder where the commit has a file, and the other way round, are changed', async () => {
  const folder = worktree({ 'was a file/file': {}, 'was a folder': {} });
  expect([...(await unchangedFiles(folder, commit('was a file', 'was a folder/file'), never)).paths]).toEqual([]);
});

test('objects of SHA-256 are compared as such', async () => {
  const folder = worktree({ same: {} });
  const files = new Map([['same', { id: oneInSha256, isExecutable: false }]]);
  expect([...(await unchangedFiles(folder, files, never)).paths]).toEqual(['same']);
});
