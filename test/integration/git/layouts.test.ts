import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { commitIn, gitIn, GitRepository, isolatedGitEnvironment, writeIn } from '../../support/gitRepository.js';

const signal = new AbortController().signal;

/** A repository in one of the forms that people have, and the folder that they work in. */
const layouts: readonly (readonly [string, (repository: GitRepository) => Promise<string>])[] = [
  ['an ordinary repository', async ({ root }) => root],
  [
    'a git directory elsewhere',
    async ({ folder, root }) => {
      await gitIn(root, 'init', '--quiet', '--separate-git-dir', join(folder, 'elsewhere'));
      return root;
    },
  ],
  [
    'a git directory behind a link',
    async ({ folder, root }) => {
      await rename(join(root, '.git'), join(folder, 'elsewhere'));
      await symlink(join(folder, 'elsewhere'), join(root, '.git'));
      return root;
    },
  ],
  [
    'a linked worktree of a bare repository',
    async ({ folder, root }) => {
      const bare = join(folder, 'bare.git');
      await gitIn(folder, 'clone', '--quiet', '--bare', root, bare);
      await gitIn(bare, 'config', 'user.name', 'Ada Person');
      await gitIn(bare, 'config', 'user.email', 'ada@example.com');
      await gitIn(bare, 'worktree', 'add', '--quiet', join(folder, 'main'), 'main');
      return join(folder, 'main');
    },
  ],
  [
    'a shallow clone',
    async ({ folder, root }) => {
      await commitIn(root, { 'later.txt': 'later\n' });
      const shallow = join(folder, 'shallow');
      await gitIn(folder, 'clone', '--quiet', '--depth', '1', `file://${root}`, shallow);
      return shallow;
    },
  ],
];

async function open(layout: (repository: GitRepository) => Promise<string>) {
  const repository = await GitRepository.create();
  onTestFinished(() => repository.dispose());
  const root = await layout(repository);
  const driver = createGitWorktreeDriver({
    stateDir: join(repository.folder, 'state'),
    clock: createNodeClock(),
    log: silentLog,
    environment: isolatedGitEnvironment,
  });
  const path = join(repository.folder, 'worktrees', 'task');
  const ref = { repository: root, path, branch: 'muster/task-abc123' };
  const { commonDir, registeredAs, baseCommit } = await driver.create({ ...ref, fetch: 'never' }, signal);
  return { driver, root, ref: { ...ref, commonDir, registeredAs }, baseCommit, folder: repository.folder };
}

describe('in', () => {
  test.for(layouts)('%s a worktree is made, committed, compared and put right', async ([, layout]) => {
    const { driver, ref, root, baseCommit } = await open(layout);
    await writeIn(ref.path, 'new.txt', 'new\n');
    expect((await driver.inspect(root)).root).toBe(root);
    const { head } = await driver.snapshot(ref, 'Work', { base: baseCommit });
    expect(await driver.comparison(ref, { head, target: 'main', base: baseCommit })).toBe(baseCommit);
    expect((await driver.changes(ref, 'main')).map(({ path }) => path)).toEqual(['new.txt']);
    expect((await driver.repair(ref)).setAside).toEqual([]);
    expect(await driver.state(ref, 'main')).toMatchObject({ head, ahead: 1, dirty: [] });
  });
});

test('a project that was started from a worktree which is gone by now keeps its threads', async () => {
  const [, bare] = layouts[3] ?? [];
  if (bare === undefined) throw new Error('There is such a layout');
  const { driver, ref, root, folder, baseCommit } = await open(bare);
  await writeIn(ref.path, 'new.txt', 'new\n');
  await gitIn(join(folder, 'bare.git'), 'worktree', 'remove', '--force', root);
  const { head } = await driver.snapshot(ref, 'Work');
  expect((await driver.changes(ref, baseCommit)).map(({ path }) => path)).toEqual(['new.txt']);
  expect(await driver.show(root, head, 'new.txt', { maxBytes: 100 })).toMatchObject({ kind: 'file' });
  expect(await driver.committedChanges(root, { base: baseCommit, head })).toHaveLength(1);
});

test('a repository with a checkout and core.bare left behind says what to do', async () => {
  const { driver, root } = await open(async ({ root: same }) => same);
  await gitIn(root, 'config', 'core.bare', 'true');
  await expect(driver.inspect(root)).rejects.toMatchObject({
    code: 'git.notRepository',
    message: expect.stringContaining('config core.bare false'),
  });
});

test("the person's name from their login shell signs where git's configuration has none", async () => {
  const repository = await GitRepository.create({ empty: true });
  onTestFinished(() => repository.dispose());
  await repository.commit({ 'a.txt': 'a\n' });
  await repository.git('config', '--unset', 'user.name');
  await repository.git('config', '--unset', 'user.email');
  const driver = createGitWorktreeDriver({
    stateDir: join(repository.folder, 'state'),
    clock: createNodeClock(),
    log: silentLog,
    environment: isolatedGitEnvironment,
    person: () => ({ GIT_AUTHOR_NAME: 'Grace', GIT_AUTHOR_EMAIL: 'grace@example.com' }),
  });
  const ref = { repository: repository.root, path: join(repository.folder, 'w'), branch: 'muster/w' };
  await driver.create(ref, signal);
  await writeIn(ref.path, 'new.txt', 'new\n');
  const { head } = await driver.snapshot(ref, 'Work');
  expect(await repository.git('log', '-1', '--format=%an <%ae>', head)).toBe('Grace <grace@example.com>');
});
