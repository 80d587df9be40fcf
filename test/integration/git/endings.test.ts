import { execFileSync } from 'node:child_process';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commitIn, gitIn, lines, writeIn } from '../../support/gitRepository.js';
import { MergeFixture } from './mergeFixture.js';

async function ended(): Promise<MergeFixture> {
  const fixture = await MergeFixture.create();
  onTestFinished(() => fixture.repository.dispose());
  return fixture;
}

/** The worktree has a commit on `side` that changes the same line as its branch does. */
async function withOtherSide(fixture: MergeFixture): Promise<void> {
  const { path, branch } = fixture.thread;
  await gitIn(path, 'checkout', '--quiet', '-b', 'side', fixture.base);
  await commitIn(path, { 'src/a.txt': lines('a').replace('a 0', 'a nought') });
  await gitIn(path, 'checkout', '--quiet', branch);
}

async function failing(path: string, ...args: readonly string[]): Promise<void> {
  await expect(gitIn(path, ...args)).rejects.toThrow();
}

const unfinished: readonly (readonly [string, string, (fixture: MergeFixture) => Promise<void>])[] = [
  ['a merge', 'merge', ({ thread: { path } }) => failing(path, 'merge', 'side')],
  ['a cherry-pick', 'cherry-pick', ({ thread: { path } }) => failing(path, 'cherry-pick', 'side')],
  ['a rebase', 'rebase', ({ thread: { path } }) => failing(path, 'rebase', 'side')],
  [
    'a revert',
    'revert',
    async ({ thread: { path } }) => {
      await commitIn(path, { 'src/a.txt': lines('a').replace('a 0', 'a later') });
      await failing(path, 'revert', 'HEAD~1');
    },
  ],
  [
    'a stash that does not apply',
    'conflicts',
    async ({ thread: { path } }) => {
      await writeIn(path, 'src/a.txt', lines('a').replace('a 0', 'a stashed'));
      await gitIn(path, 'stash');
      await commitIn(path, { 'src/a.txt': lines('a').replace('a 0', 'a committed') });
      await failing(path, 'stash', 'pop');
    },
  ],
];

describe('a run that ends in the middle of', () => {
  test.for(unfinished)('%s leaves nothing that could land', async ([, word, begin]) => {
    const fixture = await ended();
    await withOtherSide(fixture);
    await begin(fixture);
    const { path, branch } = fixture.thread;
    const before = [await gitIn(path, 'status', '--porcelain'), await fixture.repository.commitOf(branch)];
    await expect(fixture.worktrees.snapshot(fixture.thread, 'Work')).rejects.toMatchObject({
      code: 'worktree.unfinished',
      message: expect.stringContaining(word),
      data: { files: ['src/a.txt'] },
    });
    expect([await gitIn(path, 'status', '--porcelain'), await fixture.repository.commitOf(branch)]).toEqual(before);
  });

  test('a bisection', async () => {
    const fixture = await ended();
    const { path } = fixture.thread;
    await gitIn(path, 'bisect', 'start', 'HEAD', fixture.base);
    await expect(fixture.worktrees.snapshot(fixture.thread, 'Work')).rejects.toMatchObject({
      code: 'worktree.unfinished',
    });
    await gitIn(path, 'bisect', 'reset');
    expect((await fixture.worktrees.snapshot(fixture.thread, 'Work')).head).toBe(fixture.reviewed);
  });
});

describe('an agent that left its branch', () => {
  test.for<[string, (fixture: MergeFixture) => Promise<unknown>]>([
    ['renamed it', ({ thread: { path } }) => gitIn(path, 'branch', '-m', 'better-name')],
    [
      'deleted it on a detached HEAD',
      async ({ thread: { path, branch } }) => {
        await gitIn(path, 'checkout', '--quiet', '--detach');
        await gitIn(path, 'branch', '-D', branch);
      },
    ],
    ['made another from it', ({ thread: { path } }) => gitIn(path, 'checkout', '--quiet', '-b', 'other')],
  ])("%s: its work is the thread's", async ([, leave]) => {
    const fixture = await ended();
    const { thread, repository } = fixture;
    await leave(fixture);
    await writeIn(thread.path, 'more.txt', 'more\n');
    const { head } = await fixture.worktrees.snapshot(thread, 'Work', { base: fixture.base });
    expect(await repository.commitOf(thread.branch)).toBe(head);
    expect(await gitIn(thread.path, 'symbolic-ref', '--short', 'HEAD')).toBe(thread.branch);
    expect(await repository.git('show', `${head}:more.txt`)).toBe('more');
    expect(await fixture.merge({ commit: head })).toMatchObject({ kind: 'merged' });
  });

  test('for something else altogether is asked about', async () => {
    const fixture = await ended();
    const { path, branch } = fixture.thread;
    await gitIn(path, 'checkout', '--quiet', '--orphan', 'nothing-to-do-with-it');
    await gitIn(path, 'commit', '--quiet', '-m', 'Root');
    await gitIn(path, 'branch', '-D', branch);
    const snapshot = fixture.worktrees.snapshot(fixture.thread, 'Work', { base: fixture.base });
    await expect(snapshot).rejects.toMatchObject({ code: 'worktree.failed' });
    await expect(fixture.repository.commitOf(branch)).rejects.toThrow();
  });
});

test('file names that are not UTF-8 are listed, shown and committed', async () => {
  const fixture = await ended();
  const { path } = fixture.thread;
  const name = Buffer.concat([Buffer.from(`${path}/caf`), Buffer.of(0xe9), Buffer.from('.txt')]);
  await writeFile(name, 'one\n');
  const { worktrees, thread, root } = fixture;
  const listed = '"caf\\351.txt"';
  expect((await worktrees.state(thread, 'main')).dirty).toEqual([listed]);
  expect(await worktrees.changes(thread, 'main')).toContainEqual(
    expect.objectContaining({ path: listed, status: 'untracked', additions: 1 }),
  );
  expect((await worktrees.patch(thread, 'main', 100_000)).text).toContain('caf\\351.txt');
  const { head } = await worktrees.snapshot(thread, 'Work');
  expect(await worktrees.show(root, head, listed, { maxBytes: 100 })).toEqual({
    kind: 'file',
    content: new TextEncoder().encode('one\n'),
  });
  expect(await worktrees.changes(thread, 'main')).toContainEqual(
    expect.objectContaining({ path: listed, status: 'added' }),
  );
});

describe('what a thread changed', () => {
  async function filesAgainstMain(fixture: MergeFixture): Promise<readonly string[]> {
    const { worktrees, thread, base } = fixture;
    const { head } = await worktrees.state(thread, 'main');
    const from = await worktrees.comparison(thread, { head, target: 'main', base });
    return (await worktrees.changes(thread, from)).map(({ path }) => path);
  }
  const own = ['src/a.txt', 'work.txt'];

  test('is its own work alone after the agent merged or rebased onto a newer target', async () => {
    for (const bring of [
      ['merge', '--quiet', '--no-edit', 'main'],
      ['rebase', '--quiet', 'main'],
    ]) {
      const fixture = await ended();
      await fixture.commit(fixture.root, { 'theirs.txt': 'theirs\n' });
      expect(await filesAgainstMain(fixture)).toEqual(own);
      await gitIn(fixture.thread.path, ...bring);
      expect(await filesAgainstMain(fixture)).toEqual(own);
    }
  });

  test('is still shown after it was merged, and after the target is gone', async () => {
    const fixture = await ended();
    await fixture.commit(fixture.root, { 'theirs.txt': 'theirs\n' });
    await fixture.merge();
    await fixture.commit(fixture.root, { 'later.txt': 'later\n' });
    expect(await filesAgainstMain(fixture)).toEqual(own);
    await fixture.repository.git('branch', '-m', 'main', 'trunk');
    const { worktrees, thread, base, reviewed } = fixture;
    expect(await worktrees.comparison(thread, { head: reviewed, target: 'main', base })).toBe(base);
  });
});

test('a new file outside the cone of a sparse checkout is shown and committed; nothing outside is lost', async () => {
  const fixture = await ended();
  const { worktrees, thread, repository } = fixture;
  await repository.commit({ 'docs/guide.md': 'guide\n' });
  await gitIn(thread.path, 'merge', '--quiet', '--no-edit', 'main');
  await gitIn(thread.path, 'sparse-checkout', 'set', 'src');
  await writeIn(thread.path, 'tools/new.sh', 'new\n');
  expect((await worktrees.changes(thread, 'main')).map(({ path }) => path)).toContain('tools/new.sh');
  const { head } = await worktrees.snapshot(thread, 'Work');
  expect(await repository.git('ls-tree', '-r', '--name-only', head)).toBe(
    ['.gitignore', 'README.md', 'docs/guide.md', 'main.txt', 'src/a.txt', 'src/b.txt', 'tools/new.sh', 'work.txt'].join(
      '\n',
    ),
  );
});

test('what keeps two sides from being merged is said of each file', async () => {
  const fixture = await ended();
  const { repository, thread } = fixture;
  await repository.git('checkout', '--quiet', fixture.base);
  const change = async (at: string, word: string): Promise<void> => {
    await writeIn(at, 'src/a.txt', lines('a').replace('a 0', `a ${word}`));
    await writeIn(at, 'logo.png', Buffer.from([0, 1, 2, word.length]));
  };
  await repository.git('checkout', '--quiet', 'main');
  await change(repository.root, 'mains');
  await commitIn(repository.root, { 'src/b.txt': lines('b').replace('b 0', 'b mains') });
  await change(thread.path, 'thread');
  await gitIn(thread.path, 'rm', '--quiet', 'src/b.txt');
  const { head } = await fixture.worktrees.snapshot(thread, 'Work');
  fixture.review(head);
  expect(await fixture.merge()).toMatchObject({
    kind: 'conflicted',
    message: expect.stringMatching(
      /changed the same places in src\/a\.txt; both changed logo\.png, which cannot be merged line by line; one deleted and the other changed src\/b\.txt\./,
    ),
  });
});

test('a folder that the base does not have is named, before an agent starts in it', async () => {
  const { repository, worktrees } = await ended();
  const request = {
    repository: repository.root,
    path: `${repository.folder}/w/sub`,
    branch: 'muster/sub-1',
    folder: 'apps/shop',
  };
  await expect(worktrees.create(request, new AbortController().signal)).rejects.toMatchObject({
    code: 'worktree.failed',
    message: expect.stringContaining(
      'main does not have the folder apps/shop, where the compose file is. Commit the file',
    ),
  });
});

test('a file that only may do something else by now is told with both modes', async () => {
  const { thread, worktrees } = await ended();
  const { head } = await worktrees.snapshot(thread, 'Before');
  await chmod(join(thread.path, 'main.txt'), 0o755);
  const uncommitted = await worktrees.changes(thread, head);
  expect(uncommitted).toMatchObject([
    { path: 'main.txt', status: 'modified', additions: 0, deletions: 0, modes: { before: '100644', now: '100755' } },
  ]);
  const { head: after } = await worktrees.snapshot(thread, 'Executable');
  expect(await worktrees.committedChanges(thread.repository, { base: head, head: after })).toEqual(uncommitted);
});

test('a pipe where git reads first is named at once, and the worktree can be put away', async () => {
  const { thread, worktrees, rescuer } = await ended();
  await writeIn(thread.path, 'mine.txt', 'mine\n');
  await rm(join(thread.path, '.gitignore'), { force: true });
  execFileSync('mkfifo', [join(thread.path, '.gitignore')]);
  const started = performance.now();
  await expect(worktrees.snapshot(thread, 'Work')).rejects.toMatchObject({
    code: 'worktree.failed',
    message: expect.stringContaining('.gitignore is not a file'),
  });
  await rescuer.restore(await rescuer.remove(thread), thread);
  // Git alone would be waited for until it counts as silent, once for each look.
  expect(performance.now() - started).toBeLessThan(30_000);
  expect(await readFile(join(thread.path, 'mine.txt'), 'utf8')).toBe('mine\n');
});

test.skipIf(process.platform !== 'linux')(
  'a pipe deeper in the tree is named within seconds, and the worktree can be put away and brought back',
  async () => {
    const { thread, worktrees, rescuer } = await ended();
    await writeIn(thread.path, 'sub/mine.txt', 'mine\n');
    const pipe = join(thread.path, 'sub/.gitignore');
    execFileSync('mkfifo', [pipe]);
    const started = performance.now();
    await expect(worktrees.snapshot(thread, 'Work')).rejects.toMatchObject({
      code: 'git.silent',
      message: expect.stringContaining(`in the named pipe ${pipe}`),
    });
    await rescuer.restore(await rescuer.remove(thread), thread);
    expect(performance.now() - started).toBeLessThan(50_000);
    expect(await readFile(join(thread.path, 'sub/mine.txt'), 'utf8')).toBe('mine\n');
  },
);
