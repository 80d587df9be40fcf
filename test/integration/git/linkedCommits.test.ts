import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { commitIn, gitIn, writeIn } from '../../support/gitRepository.js';
import { MergeFixture } from './mergeFixture.js';

const fileTransport = ['-c', 'protocol.file.allow=always'];

async function open({ onTestFinished }: TestContext): Promise<MergeFixture> {
  const merge = await MergeFixture.create();
  onTestFinished(() => merge.repository.dispose());
  return merge;
}

/** The main checkout has a submodule `lib`; the thread's worktree has it checked out too. */
async function withSubmodule(merge: MergeFixture): Promise<string> {
  const upstream = merge.path('upstream');
  await mkdir(upstream);
  await gitIn(upstream, 'init', '--quiet', '--initial-branch=main');
  for (const [key, value] of [
    ['user.name', 'Ada Person'],
    ['user.email', 'ada@example.com'],
  ] as const) {
    await gitIn(upstream, 'config', key, value);
  }
  await commitIn(upstream, { 'lib.txt': 'one\n' });
  await gitIn(merge.root, ...fileTransport, 'submodule', '--quiet', 'add', upstream, 'lib');
  await gitIn(merge.root, 'commit', '--quiet', '-m', 'Add lib');
  await merge.repository.git('branch', 'kept', merge.reviewed);
  const { path } = merge.thread;
  await gitIn(path, 'reset', '--quiet', '--hard', 'main');
  await gitIn(path, ...fileTransport, 'submodule', '--quiet', 'update', '--init');
  return join(path, 'lib');
}

async function commitLink(merge: MergeFixture): Promise<void> {
  await writeIn(merge.thread.path, 'work.txt', 'work\n');
  await gitIn(merge.thread.path, 'add', '--all');
  await gitIn(merge.thread.path, 'commit', '--quiet', '-m', 'Move lib');
  merge.review(await merge.repository.commitOf(merge.thread.branch));
}

test('a commit that the agent made in a submodule comes to the main checkout’s submodule', async context => {
  const merge = await open(context);
  const lib = await withSubmodule(merge);
  await gitIn(lib, 'config', 'user.name', 'Agent');
  await gitIn(lib, 'config', 'user.email', 'agent@example.com');
  const made = await commitIn(lib, { 'lib.txt': 'two\n' });
  await commitLink(merge);
  expect(await merge.merge()).toMatchObject({ kind: 'merged' });
  // The worktree and all that was in it may go now.
  await rm(merge.thread.path, { recursive: true });
  await gitIn(merge.root, ...fileTransport, 'submodule', '--quiet', 'update');
  expect((await gitIn(join(merge.root, 'lib'), 'rev-parse', 'HEAD')).trim()).toBe(made);
  await merge.repository.fsck();
});

test('a link to a repository that only the worktree has blocks the merge and names it', async context => {
  const merge = await open(context);
  const app = join(merge.thread.path, 'app');
  await mkdir(app);
  await gitIn(app, 'init', '--quiet');
  await gitIn(app, 'config', 'user.name', 'Agent');
  await gitIn(app, 'config', 'user.email', 'agent@example.com');
  await commitIn(app, { 'main.js': 'start()\n' });
  await commitLink(merge);
  const outcome = await merge.merge();
  expect(outcome).toMatchObject({ kind: 'blocked', reason: 'submodule_missing', files: ['app'] });
  expect(await merge.repository.commitOf('main')).toBe(merge.base);
  await merge.assertNothingLost();
});

test('a submodule whose commit its remote has is merged as it is', async context => {
  const merge = await open(context);
  const lib = await withSubmodule(merge);
  const upstream = merge.path('upstream');
  const pushed = await commitIn(upstream, { 'lib.txt': 'three\n' });
  await gitIn(lib, ...fileTransport, 'fetch', '--quiet');
  await gitIn(lib, 'checkout', '--quiet', pushed);
  await commitLink(merge);
  expect(await merge.merge()).toMatchObject({ kind: 'merged' });
});
