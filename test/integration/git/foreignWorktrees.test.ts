import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { AdoptWorktree } from '../../../src/core/threads/adoptWorktree.js';
import { WorkspacePreparer } from '../../../src/core/workspaces/workspacePreparer.js';
import { createForeignWorktreeDriver } from '../../../src/drivers/git/worktree/foreignWorktrees.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { GitRepository, isolatedGitEnvironment } from '../../support/gitRepository.js';
import { coreWorld } from '../../support/coreHost.js';

const signal = new AbortController().signal;

async function open() {
  const repository = await GitRepository.create();
  onTestFinished(() => repository.dispose());
  const stateDir = join(repository.folder, 'state');
  await mkdir(stateDir);
  const options = { stateDir, clock: createNodeClock(), log: silentLog, environment: isolatedGitEnvironment };
  const driver = createGitWorktreeDriver(options);
  const foreign = createForeignWorktreeDriver(options);
  const { store, clock, ids, project } = coreWorld();
  const workspaces = { repository: (folder: string) => driver.inspect(folder) };
  const preparer = new WorkspacePreparer({
    ...{ store, clock, log: silentLog, driver },
    shell: { run: () => expect.unreachable(), endLeftovers: () => expect.unreachable() },
    ports: { areFree: async () => true },
  });
  const adoption = new AdoptWorktree({ store, clock, ids, workspaces, driver, foreign, preparer });
  const ours = { ...project, folder: repository.root };
  return {
    repository,
    stateDir,
    store,
    adopt: (path: string, more: { agent?: string; base?: string } = {}) =>
      adoption.adopt({ project: ours, path, ...more }, signal),
    /** What is listed, by its place in the test's folder. */
    async listed() {
      const found = await adoption.list(ours);
      return Object.fromEntries(
        found.map(({ path, branch, problem }) => [path.slice(repository.folder.length + 1), problem ?? branch]),
      );
    },
  };
}

describe('worktrees that others made', () => {
  test('are listed with their branch, or why they cannot be adopted', async () => {
    const { repository, listed, stateDir } = await open();
    const at = (name: string): string => join(repository.folder, name);
    await repository.git('worktree', 'add', '--quiet', '-b', 'feature', at('feature'));
    await repository.git('worktree', 'add', '--quiet', '--detach', at('detached'));
    await repository.git('worktree', 'add', '--quiet', '-b', 'locked', '--lock', at('locked'));
    await repository.git('worktree', 'add', '--quiet', '-b', 'gone', at('gone'));
    await rm(at('gone'), { recursive: true });
    await repository.git('worktree', 'add', '--quiet', '-b', 'orphan', join(stateDir, 'worktrees', 'abc', 'orphan'));
    await repository.git('worktree', 'add', '--quiet', '--detach', join(stateDir, 'verify', 'abc'));
    expect(await listed()).toEqual({
      'feature': 'feature',
      'detached': 'no branch is checked out in it (git switch)',
      'locked': 'it is locked (git worktree unlock)',
      'gone': 'its folder is gone',
      // What is ours and no thread knows.
      'state/worktrees/abc/orphan': 'orphan',
    });
  });

  test('one that is adopted has its commits and uncommitted files as the work of a thread, and is changed in nothing', async () => {
    const { repository, adopt, listed } = await open();
    const path = join(repository.folder, 'feature');
    await repository.git('worktree', 'add', '--quiet', '-b', 'feature', path);
    await repository.commit({ 'newer.txt': 'on main\n' });
    await writeFile(join(path, 'done.txt'), 'done\n');
    await repository.git('-C', path, 'add', 'done.txt');
    await repository.git('-C', path, 'commit', '--quiet', '-m', 'Done');
    await writeFile(join(path, 'half.txt'), 'half\n');
    const before = await repository.git('-C', path, 'status', '--porcelain=v2', '--branch');
    const link = join(repository.folder, 'link');
    await symlink(path, link);

    const { thread, status } = await adopt(link);
    expect(status).toBe('ready');
    expect(thread).toMatchObject({
      agent: 'dev',
      worktree: path,
      branch: 'feature',
      baseRef: 'main',
      baseCommit: await repository.commitOf('main~1'),
      head: await repository.commitOf('feature'),
      registeredAs: 'feature',
      filesChanged: 2,
      additions: 2,
    });
    expect(await repository.git('-C', path, 'status', '--porcelain=v2', '--branch')).toBe(before);
    expect(await listed()).toEqual({});
    await expect(adopt(path)).rejects.toMatchObject({ code: 'worktree.failed' });
  });

  test('one that is asked for twice at the same time becomes one thread', async () => {
    const { repository, adopt, store } = await open();
    const path = join(repository.folder, 'feature');
    await repository.git('worktree', 'add', '--quiet', '-b', 'feature', path);
    const outcomes = await Promise.allSettled([adopt(path), adopt(path)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(store.read(stores => stores.threads.withWorktree())).toHaveLength(1);
  });

  test('whose branch is what it would be compared with is refused', async () => {
    const { repository, adopt } = await open();
    const path = join(repository.folder, 'feature');
    await repository.git('worktree', 'add', '--quiet', '-b', 'feature', path);
    await expect(adopt(path, { base: 'feature' })).rejects.toThrow(/compared with/);
    await expect(adopt(path, { agent: 'nobody' })).rejects.toMatchObject({ code: 'agent.unknown' });
  });
});

describe('what an agent recorded as a worktree', () => {
  /** Writes what git would write for a worktree, as whoever has the repository can. */
  async function record(repository: GitRepository, path: string): Promise<void> {
    const gitDir = repository.path('.git', 'worktrees', 'planted');
    await mkdir(gitDir, { recursive: true });
    await repository.git('branch', '--quiet', 'planted');
    await writeFile(join(gitDir, 'gitdir'), `${join(path, '.git')}\n`);
    await writeFile(join(gitDir, 'commondir'), '../..\n');
    await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/planted\n');
    await writeFile(join(path, '.git'), `gitdir: ${gitDir}\n`);
  }

  test('a folder that holds the repository or the host’s state is nobody’s to adopt, or to remove', async () => {
    const { repository, adopt } = await open();
    await record(repository, repository.folder);
    await expect(adopt(repository.folder)).rejects.toThrow(/holds more than a worktree/);
  });

  test('a folder whose .git leads elsewhere is refused', async () => {
    const { repository, adopt } = await open();
    const path = join(repository.folder, 'private');
    await mkdir(path);
    await record(repository, path);
    await writeFile(join(path, '.git'), 'gitdir: /somewhere/else\n');
    await expect(adopt(path)).rejects.toMatchObject({ code: 'worktree.replaced' });
  });

  test('one whose own settings would make git run something is refused', async () => {
    const { repository, adopt } = await open();
    const path = join(repository.folder, 'feature');
    await repository.git('worktree', 'add', '--quiet', '-b', 'feature', path);
    await repository.git('config', 'extensions.worktreeConfig', 'true');
    await repository.git('-C', path, 'config', '--worktree', 'core.fsmonitor', 'touch /tmp/owned');
    await expect(adopt(path)).rejects.toMatchObject({ code: 'worktree.replaced' });
  });

  test('one inside another’s worktree, or around it, is not adopted', async () => {
    const { repository, adopt, listed } = await open();
    const path = join(repository.folder, 'feature');
    await repository.git('worktree', 'add', '--quiet', '-b', 'feature', path);
    await adopt(path);
    await repository.git('worktree', 'add', '--quiet', '-b', 'inner', join(path, 'inner'));
    expect(await listed()).toEqual({ 'feature/inner': expect.stringContaining('lie in each other') });
    await expect(adopt(join(path, 'inner'))).rejects.toThrow(/lie in each other/);
  });
});
