import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog } from '../../src/base/log.js';
import type { MergeDriver } from '../../src/core/merges/mergeDriver.js';
import type { WorktreeDriver, WorktreeRef } from '../../src/core/workspaces/worktreeDriver.js';
import { GitCommand } from '../../src/drivers/git/command/gitCommand.js';
import { createGitMergeDriver } from '../../src/drivers/git/merge/gitMergeDriver.js';
import { createGitRescueDriver } from '../../src/drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { fileJournal } from '../support/fileJournal.js';
import { FakeGit } from '../support/fakes/fakeGit.js';
import { FakeMergeDriver } from '../support/fakes/fakeMergeDriver.js';
import { FakeRescueDriver } from '../support/fakes/fakeRescueDriver.js';
import { FakeWorktreeDriver } from '../support/fakes/fakeWorktreeDriver.js';
import { Rescuer } from '../support/rescuer.js';
import { commitIn, GitRepository, isolatedGitEnvironment, lines, writeIn } from '../support/gitRepository.js';

/** One repository with `main` checked out (README.md, src/a.txt, src/b.txt), the drivers, and ways to look at both. */
export interface GitUnderTest {
  readonly worktrees: WorktreeDriver;
  readonly merges: MergeDriver;
  readonly rescuer: Rescuer;
  readonly root: string;
  /** A folder outside of any repository. */
  readonly outside: string;
  /** A worktree's name and place, not made yet. */
  worktree(name: string): WorktreeRef;
  write(path: string, text: string): Promise<void>;
  delete(path: string): Promise<void>;
  /** Undefined if there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Commits in the checkout at `path`. */
  commit(path: string, files: Readonly<Record<string, string>>): Promise<string>;
  headOf(branch: string): Promise<string | undefined>;
  parentsOf(commit: string): Promise<readonly string[]>;
  /** Everything that no ref keeps is gone afterwards. */
  collectGarbage(): Promise<void>;
  dispose(): Promise<void>;
}

/** The two implementations of the git ports. */
export const gitsUnderTest: readonly (readonly [string, () => Promise<GitUnderTest>])[] = [
  ['the fake', openFake],
  ['real git', openReal],
];

async function openFake(): Promise<GitUnderTest> {
  const git = new FakeGit('/repository', { 'README.md': 'readme\n', 'src/a.txt': lines('a'), 'src/b.txt': lines('b') });
  return {
    worktrees: new FakeWorktreeDriver(git),
    merges: new FakeMergeDriver(git),
    rescuer: new Rescuer(new FakeRescueDriver(git)),
    root: git.root,
    outside: '/elsewhere',
    worktree: name => ({ repository: git.root, path: `/worktrees/${name}`, branch: `muster/${name}` }),
    write: async (path, text) => git.write(path, text),
    delete: async path => git.write(path, undefined),
    read: async path => git.read(path),
    commit: async (path, files) => git.commitOn(git.checkoutAt(path)?.branch ?? '', files),
    headOf: async branch => git.branches.get(branch),
    parentsOf: async commit => git.commit(commit).parents,
    collectGarbage: async () => {},
    dispose: async () => {},
  };
}

async function openReal(): Promise<GitUnderTest> {
  const repository = await GitRepository.create();
  const stateDir = join(repository.folder, 'state');
  const clock = createNodeClock();
  // As the host has it.
  const git = new GitCommand({ clock, environment: isolatedGitEnvironment, pipesFolder: join(stateDir, 'pipes') });
  const options = { stateDir, clock, log: silentLog, git };
  const outside = join(repository.folder, 'outside');
  await mkdir(outside);
  return {
    worktrees: createGitWorktreeDriver(options),
    merges: createGitMergeDriver({ ...options, journal: fileJournal(options.stateDir) }),
    rescuer: new Rescuer(createGitRescueDriver(options)),
    root: repository.root,
    outside,
    worktree: name => ({
      repository: repository.root,
      path: join(repository.folder, 'worktrees', name),
      branch: `muster/${name}`,
    }),
    write: (path, text) => writeIn('/', path, text),
    delete: path => rm(path),
    read: path =>
      readFile(path, 'utf8').then(
        text => text,
        () => undefined,
      ),
    commit: commitIn,
    headOf: branch =>
      repository.commitOf(`refs/heads/${branch}`).then(
        commit => commit,
        () => undefined,
      ),
    parentsOf: async commit => (await repository.git('log', '-1', '--format=%P', commit)).split(' '),
    collectGarbage: async () => {
      await repository.git('reflog', 'expire', '--expire=now', '--all');
      await repository.git('gc', '--quiet', '--prune=now');
    },
    dispose: async () => {
      git.dispose();
      await repository.dispose();
    },
  };
}
