import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GitCommand, type GitRun } from '../../../src/drivers/git/command/gitCommand.js';
import type { Silence } from '../../../src/drivers/git/command/silence.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { GitRepository, isolatedGitEnvironment } from '../../support/gitRepository.js';
import { interposedGit } from '../../support/interposedGit.js';

const limit = { silenceMs: 400 };

async function repositoryWith(hook?: string): Promise<{ repository: GitRepository; git: GitCommand }> {
  const repository = await GitRepository.create();
  onTestFinished(() => repository.dispose());
  if (hook !== undefined) await repository.hook('reference-transaction', hook);
  return { repository, git: command() };
}

function command(binary?: string): GitCommand {
  return new GitCommand({ clock: createNodeClock(), environment: isolatedGitEnvironment, binary });
}

function branch(repository: GitRepository): GitRun {
  return { cwd: repository.root, args: ['branch', 'other'], hooks: true, ...limit };
}

describe('a git command that says nothing', () => {
  test('is ended, and what it waited for is named (defect 31)', async () => {
    const { repository, git } = await repositoryWith('sleep 600');
    const failed = git.run(branch(repository));
    await expect(failed).rejects.toMatchObject({
      code: 'git.silent',
      data: { command: 'git branch', where: 'hook reference-transaction' },
    });
    await expect(repository.git('rev-parse', '--verify', '--quiet', 'other')).rejects.toThrow();
  });

  test('is ended when the hook only polls', async () => {
    const { repository, git } = await repositoryWith('while :; do sleep 0.05; done');
    await expect(git.run(branch(repository))).rejects.toMatchObject({ code: 'git.silent' });
  });

  test('goes on for as long as whoever asked wants to wait', async () => {
    const { repository, git } = await repositoryWith('sleep 1.5');
    const heard: Silence[] = [];
    const onSilent = (silence: Silence): 'wait' => {
      heard.push(silence);
      return 'wait';
    };
    await git.run({ ...branch(repository), onSilent });
    expect(heard.length).toBeGreaterThan(0);
    expect(await repository.commitOf('other')).toBe(await repository.commitOf('main'));
  });

  test('ends at once when it is aborted', async () => {
    const { repository, git } = await repositoryWith('exec sleep 600');
    const abort = new AbortController();
    const run = git.run({
      ...branch(repository),
      silenceMs: 600_000,
      signal: abort.signal,
      onStarted: () => abort.abort(),
    });
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  });
});

test.skipIf(process.platform !== 'linux')(
  'a pipe that git waits to open is named within seconds, wherever it is',
  async () => {
    const { repository, git } = await repositoryWith();
    const { root } = repository;
    await repository.write('deep/er/file.txt', 'text\n');
    const pipe = join(root, 'deep/er/.gitignore');
    execFileSync('mkfifo', [pipe]);
    const status: GitRun = { cwd: root, args: ['status', '--porcelain', '--untracked-files=all'], reads: true };
    const started = performance.now();
    await expect(git.run(status)).rejects.toMatchObject({
      code: 'git.silent',
      data: { command: 'git status', where: `the named pipe ${pipe}` },
    });
    await rm(pipe);
    await repository.write('deep/er/inner/.git/objects/x', '');
    await repository.write('deep/er/inner/.git/refs/x', '');
    const head = join(root, 'deep/er/inner/.git/HEAD');
    execFileSync('mkfifo', [head]);
    await expect(git.run({ cwd: root, args: ['add', '--all'] })).rejects.toMatchObject({
      code: 'git.silent',
      data: { where: `the named pipe ${head}` },
    });
    // Silence alone would have taken a minute each.
    expect(performance.now() - started).toBeLessThan(30_000);
  },
);

test('output of hooks is no silence, however long it takes', async () => {
  const { repository, git } = await repositoryWith('for i in 1 2 3 4 5 6 7 8; do sleep 0.15; echo at it >&2; done');
  await git.run(branch(repository));
  expect(await repository.commitOf('other')).toBe(await repository.commitOf('main'));
});

test('work of git itself is no silence', async () => {
  const { repository } = await repositoryWith();
  // A loop of the shell, under git's name: it computes, and says nothing.
  const busy = 'end=$(($(date +%s) + 2)); while [ "$(date +%s)" -lt "$end" ]; do i=$((i + 1)); done';
  const slow = await interposedGit(await mkdtemp(join(repository.folder, 'slow-')), {
    when: '*rev-parse*',
    before: busy,
  });
  const output = await command(slow).run({ cwd: repository.root, args: ['rev-parse', 'HEAD'], ...limit });
  expect(output.text()).toBe(await repository.commitOf('main'));
});

test('what a hook leaves in the background is not waited for', async () => {
  const { repository, git } = await repositoryWith('sleep 600 &');
  await git.run({ ...branch(repository), silenceMs: 600_000 });
  expect(await repository.commitOf('other')).toBe(await repository.commitOf('main'));
});
