import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { commitIn, gitIn, GitRepository, isolatedGitEnvironment } from '../../support/gitRepository.js';

const signal = new AbortController().signal;

async function open() {
  const repository = await GitRepository.create();
  onTestFinished(() => repository.dispose());
  const driver = createGitWorktreeDriver({
    stateDir: join(repository.folder, 'state'),
    clock: createNodeClock(),
    log: silentLog,
    environment: isolatedGitEnvironment,
  });
  const path = join(repository.folder, 'worktrees', 'task');
  return { repository, driver, ref: { repository: repository.root, path, branch: 'muster/task-abc123' } };
}

/** A clone of the repository, one commit ahead of it, as its `origin`. */
async function withOrigin(repository: GitRepository): Promise<string> {
  const origin = join(repository.folder, 'origin');
  await gitIn(repository.folder, 'clone', '--quiet', repository.root, origin);
  await repository.git('remote', 'add', 'origin', origin);
  await repository.git('fetch', '--quiet', 'origin');
  await repository.git('branch', '--quiet', '--set-upstream-to=origin/main', 'main');
  await gitIn(origin, 'config', 'user.name', 'Other');
  await gitIn(origin, 'config', 'user.email', 'other@example.com');
  await commitIn(origin, { 'newer.txt': 'newer\n' });
  return origin;
}

describe('a base that is behind its upstream', () => {
  test('is said, after a fetch where one is wanted', async () => {
    const { repository, driver, ref } = await open();
    await withOrigin(repository);
    const never = await driver.create({ ...ref, fetch: 'never' }, signal);
    expect(never.notes).toEqual([]);
    const other = { ...ref, path: `${ref.path}-2`, branch: `${ref.branch}-2` };
    const always = await driver.create({ ...other, fetch: 'always' }, signal);
    expect(always.notes).toEqual(['main is 1 commit behind origin/main. Start from that with `--base origin/main`.']);
    const newer = { ...ref, path: `${ref.path}-3`, branch: `${ref.branch}-3`, base: 'origin/main' };
    const created = await driver.create(newer, signal);
    expect(created).toMatchObject({ baseCommit: await repository.commitOf('origin/main'), notes: [] });
  });

  test('whose remote is out of reach is a note and no failure', async () => {
    const { repository, driver, ref } = await open();
    await rm(await withOrigin(repository), { recursive: true });
    const { notes } = await driver.create({ ...ref, fetch: 'always' }, signal);
    expect(notes).toEqual([expect.stringContaining('could not be reached')]);
  });
});

describe('a branch name that git has no room for', () => {
  test.for([
    ['because of a branch `muster`', ['muster'], 'muster-threads/task-abc123'],
    ['because of two such branches', ['muster', 'muster-threads'], 'muster-task-abc123'],
    ['because of a folder of its name', ['muster/task-abc123/more'], 'muster-threads/task-abc123'],
  ] as const)('%s: another is taken', async ([, taken, expected]) => {
    const { repository, driver, ref } = await open();
    for (const name of taken) await repository.git('branch', name);
    const created = await driver.create(ref, signal);
    expect(created.branch).toBe(expected);
    expect(await gitIn(ref.path, 'symbolic-ref', '--short', 'HEAD')).toBe(expected);
    // Asked again after a host was killed before it wrote that down.
    expect(await driver.create(ref, signal)).toMatchObject({ branch: expected, registeredAs: 'task' });
  });
});

test('submodules have their files, from what the main checkout has', async () => {
  const { repository, driver, ref } = await open();
  const library = join(repository.folder, 'library');
  await gitIn(repository.folder, 'init', '--quiet', '--initial-branch=main', library);
  await gitIn(library, 'config', 'user.name', 'Other');
  await gitIn(library, 'config', 'user.email', 'other@example.com');
  await commitIn(library, { 'skill.md': 'a skill\n' });
  await gitIn(
    repository.root,
    '-c',
    'protocol.file.allow=always',
    'submodule',
    '--quiet',
    'add',
    library,
    'libs/library',
  );
  await repository.git('commit', '--quiet', '-m', 'Add a submodule');
  const configuration = await repository.read('.git/config');
  // The library is out of reach: only the objects here are needed.
  await rm(library, { recursive: true });
  const { notes } = await driver.create(ref, signal);
  expect(notes).toEqual([]);
  expect(await readFile(join(ref.path, 'libs/library/skill.md'), 'utf8')).toBe('a skill\n');
  expect(await gitIn(join(ref.path, 'libs/library'), 'remote', 'get-url', 'origin')).toBe(library);
  expect(await gitIn(ref.path, 'status', '--porcelain')).toBe('');
  expect(await repository.read('.git/config')).toBe(configuration);

  await rm(repository.path('.git', 'modules'), { recursive: true });
  const other = { ...ref, path: `${ref.path}-2`, branch: `${ref.branch}-2` };
  expect((await driver.create(other, signal)).notes).toEqual([expect.stringContaining('libs/library')]);
});

test('what agents read and only the main checkout has is named', async () => {
  const { repository, driver, ref } = await open();
  await repository.commit({ '.gitignore': '.env\n', '.gemini/settings.json': '{}\n' });
  await repository.write('.env', 'A=b\n');
  await repository.write('.mcp.json', '{}\n');
  const { notes } = await driver.create(ref, signal);
  expect(notes).toEqual([expect.stringContaining('.mcp.json, .env')]);
});

test('a compose file in a folder that the base does not have is said, and nothing is left behind', async () => {
  const { repository, driver, ref } = await open();
  await repository.write('apps/shop/agent-compose.yml', 'agents: {}\n');
  await expect(driver.create({ ...ref, folder: 'apps/shop' }, signal)).rejects.toMatchObject({
    code: 'worktree.failed',
    message: expect.stringContaining('main does not have the folder apps/shop'),
  });
  expect(await repository.git('branch', '--list', 'muster/*')).toBe('');
});
