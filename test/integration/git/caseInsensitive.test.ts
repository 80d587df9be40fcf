import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { parseId } from '../../../src/base/ids.js';
import { performMerge } from '../../../src/core/merges/performMerge.js';
import { createGitMergeDriver } from '../../../src/drivers/git/merge/gitMergeDriver.js';
import { createGitRescueDriver } from '../../../src/drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { caseInsensitiveDisk } from '../../support/caseInsensitiveDisk.js';
import { fileJournal } from '../../support/fileJournal.js';
import { commitIn, gitIn, isolatedGitEnvironment, lines, writeIn } from '../../support/gitRepository.js';
import { Rescuer } from '../../support/rescuer.js';

const disk = caseInsensitiveDisk();
afterAll(() => {
  if (disk.kind === 'there') disk.remove();
});

const never = new AbortController().signal;

/** A repository on such a disk, with Muster's state there as well. */
async function open(name: string) {
  const folder = join(disk.kind === 'there' ? disk.folder : '', name);
  const root = join(folder, 'repository');
  await mkdir(root, { recursive: true });
  await gitIn(root, 'init', '--quiet', '--initial-branch=main');
  expect(await gitIn(root, 'config', 'core.ignorecase')).toBe('true');
  await commitIn(root, { 'README.md': 'readme\n', 'src/a.txt': lines('a') });
  await gitIn(root, 'config', 'user.name', 'Ada Person');
  await gitIn(root, 'config', 'user.email', 'ada@example.com');
  const options = {
    stateDir: join(folder, 'state'),
    clock: createNodeClock(),
    log: silentLog,
    environment: isolatedGitEnvironment,
  };
  const worktrees = createGitWorktreeDriver(options);
  const create = async (branch: string) => {
    const path = join(folder, 'worktrees', branch.replaceAll('/', '-'));
    const made = await worktrees.create({ repository: root, path, branch, base: 'main', fetch: 'never' }, never);
    return { ...made, repository: root, path };
  };
  const merge = async (worktree: Awaited<ReturnType<typeof create>>, commit: string, id: string) => {
    const driver = createGitMergeDriver({ ...options, journal: fileJournal(options.stateDir) });
    const { baseCommit } = worktree;
    const request = { worktree, commit, baseCommit, target: 'main', strategy: 'merge', message: 'Land it' } as const;
    return await performMerge(driver, { ...request, id: parseId<'merge'>(id.padStart(12, '0')) }, never);
  };
  return { folder, root, worktrees, create, merge, rescuer: new Rescuer(createGitRescueDriver(options)) };
}

const reason = disk.kind === 'there' ? '' : ` (${disk.reason})`;

describe.skipIf(disk.kind === 'missing')(`on a disk that finds names in any case${reason}`, () => {
  test('a worktree is made, reviewed, lands, goes and comes back', async () => {
    const { root, worktrees, create, merge, rescuer } = await open('whole');
    const worktree = await create('muster/task');
    const commit = await commitIn(worktree.path, {
      'src/New.txt': 'new\n',
      'src/a.txt': lines('a').replace('a 0', 'A'),
    });
    await writeIn(worktree.path, 'later.txt', 'later\n');
    expect((await worktrees.changes(worktree, worktree.baseCommit)).map(({ path }) => path).toSorted()).toEqual([
      'later.txt',
      'src/New.txt',
      'src/a.txt',
    ]);
    expect(await merge(worktree, commit, 'm1')).toMatchObject({ kind: 'blocked' });
    const { head } = await worktrees.snapshot(worktree, 'The rest', { base: worktree.baseCommit });
    expect(await merge(worktree, head, 'm2')).toMatchObject({ kind: 'merged' });
    expect(await gitIn(root, 'status', '--porcelain')).toBe('');
    expect(await readdir(join(root, 'src'))).toContain('New.txt');
    const rescue = await rescuer.remove(worktree);
    expect(existsSync(worktree.path)).toBe(false);
    await rescuer.restore(rescue, worktree);
    expect(await readFile(join(worktree.path, 'later.txt'), 'utf8')).toBe('later\n');
    await gitIn(root, 'fsck', '--full', '--strict', '--no-dangling');
  });

  test('a file whose name changes its case alone lands where nothing is checked out, and is left alone where git will not', async () => {
    const { root, worktrees, create, merge } = await open('renamed');
    const worktree = await create('muster/rename');
    await gitIn(worktree.path, 'mv', 'README.md', 'Readme.md');
    const { head } = await worktrees.snapshot(worktree, 'Rename', { base: worktree.baseCommit });
    const before = await gitIn(root, 'rev-parse', 'main');
    expect(await merge(worktree, head, 'm3')).toMatchObject({ kind: 'blocked', files: ['Readme.md'] });
    expect(await gitIn(root, 'rev-parse', 'main')).toBe(before);
    expect(await gitIn(root, 'status', '--porcelain')).toBe('');
    expect(await readdir(root)).toContain('README.md');
    expect(await readFile(join(root, 'README.md'), 'utf8')).toBe('readme\n');
    await gitIn(root, 'checkout', '--quiet', '-b', 'elsewhere');
    expect(await merge(worktree, head, 'm5')).toMatchObject({ kind: 'merged' });
    expect(await gitIn(root, 'ls-tree', '--name-only', 'main')).toContain('Readme.md');
  });

  test("a person's own file is not written over by one that is called the same in another case", async () => {
    const { root, worktrees, create, merge } = await open('clash');
    const worktree = await create('muster/clash');
    await writeIn(worktree.path, 'notes.txt', 'of the agent\n');
    const { head } = await worktrees.snapshot(worktree, 'Notes', { base: worktree.baseCommit });
    await writeIn(root, 'NOTES.txt', 'of the person\n');
    const before = await gitIn(root, 'rev-parse', 'main');
    expect(await merge(worktree, head, 'm4')).toMatchObject({ kind: 'blocked' });
    expect(await readFile(join(root, 'NOTES.txt'), 'utf8')).toBe('of the person\n');
    expect(await gitIn(root, 'rev-parse', 'main')).toBe(before);
  });

  test('two branches whose names differ in case alone do not become one', async () => {
    const { root, worktrees, create } = await open('branches');
    const one = await create('muster/Fix-it');
    await writeIn(one.path, 'one.txt', 'one\n');
    const { head } = await worktrees.snapshot(one, 'One', { base: one.baseCommit });
    const other = await create('muster/fix-it').then(
      made => made.branch.toLowerCase(),
      () => 'refused',
    );
    expect(other).not.toBe(one.branch.toLowerCase());
    expect(await gitIn(root, 'rev-parse', one.branch)).toBe(head);
  });
});
