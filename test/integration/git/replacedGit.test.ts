import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { exists } from '../../../src/drivers/git/worktree/gitDirectory.js';
import { commitIn, gitIn, writeIn } from '../../support/gitRepository.js';
import { MergeFixture } from './mergeFixture.js';

/** A worktree after a run, with uncommitted work; `ran` is made by any program that the agent names. */
class Attacked {
  readonly fixture: MergeFixture;
  readonly ran: string;
  readonly path: string;

  constructor(fixture: MergeFixture) {
    this.fixture = fixture;
    this.ran = fixture.path('ran');
    this.path = fixture.thread.path;
  }

  static async create({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<Attacked> {
    const fixture = await MergeFixture.create();
    onTestFinished(() => fixture.repository.dispose());
    await writeIn(fixture.thread.path, 'unsaved.txt', 'unsaved\n');
    return new Attacked(fixture);
  }

  get dotGit(): string {
    return join(this.path, '.git');
  }

  async replace(make: () => Promise<unknown>): Promise<void> {
    await rm(this.dotGit, { recursive: true, force: true });
    await make();
  }

  /** A git directory with a configuration that runs a program for every file. */
  async hostileRepository(folder: string): Promise<string> {
    await gitIn(this.fixture.root, 'init', '--quiet', folder);
    const gitDir = join(folder, '.git');
    // With the real commits and an index, so that git finds its way in it and has a changed file to look into.
    const { root, thread } = this.fixture;
    await gitIn(folder, 'fetch', '--quiet', '--update-head-ok', root, '+refs/heads/*:refs/heads/*');
    await gitIn(folder, 'symbolic-ref', 'HEAD', `refs/heads/${thread.branch}`);
    await gitIn(folder, `--git-dir=${gitDir}`, `--work-tree=${this.path}`, 'reset', '--quiet');
    await writeIn(this.path, 'src/a.txt', 'edited\n');
    await writeFile(
      join(gitDir, 'config'),
      [
        '[core]',
        'repositoryformatversion = 0',
        `fsmonitor = touch ${this.ran}`,
        `hooksPath = ${join(folder, 'hooks')}`,
        '[filter "x"]',
        // Quoted: a semicolon begins a comment.
        `clean = "touch ${this.ran}; cat"`,
        `smudge = "touch ${this.ran}; cat"`,
        '[diff "x"]',
        `textconv = "touch ${this.ran}; cat"`,
        `command = touch ${this.ran}`,
        '',
      ].join('\n'),
    );
    await writeIn(this.path, '.gitattributes', '* filter=x diff=x\n');
    return gitDir;
  }

  /** Everything the host does with a worktree by itself. Reading works; committing says why not. */
  async hostLooksAtEverything(): Promise<void> {
    const { worktrees, thread } = this.fixture;
    await worktrees.state(thread, 'main').catch(() => undefined);
    await worktrees.changes(thread, 'main').catch(() => undefined);
    await worktrees.patch(thread, 'main', 1_000_000).catch(() => undefined);
    await this.fixture.merge().catch(() => undefined);
  }
}

const kinds: readonly (readonly [string, (attacked: Attacked) => Promise<unknown>])[] = [
  [
    "a link to the user's repository",
    ({ dotGit, fixture }) => writeFile(dotGit, `gitdir: ${join(fixture.root, '.git')}\n`),
  ],
  ['missing', async () => undefined],
  ['a folder', ({ dotGit }) => mkdir(dotGit)],
  ['a repository of its own', ({ path }) => gitIn(path, 'init', '--quiet')],
  ['a FIFO', async ({ dotGit }) => void execFileSync('mkfifo', [dotGit])],
  ['a symbolic link', ({ dotGit, fixture }) => symlink(join(fixture.root, '.git'), dotGit)],
  ['a file with other contents', ({ dotGit }) => writeFile(dotGit, 'nothing\n')],
  [
    'a link to a git directory inside the worktree',
    async attacked =>
      writeFile(attacked.dotGit, `gitdir: ${await attacked.hostileRepository(join(attacked.path, 'inside'))}\n`),
  ],
  [
    'a git directory with programs in its configuration',
    async attacked => rename(await attacked.hostileRepository(join(attacked.path, 'inside')), attacked.dotGit),
  ],
];

describe.concurrent('when the agent made .git', () => {
  test.for(kinds)('%s: nothing is run, committed or moved', async ([kind, make], context) => {
    const attacked = await Attacked.create(context);
    const { fixture } = attacked;
    const refs = await fixture.repository.git('for-each-ref');
    await attacked.replace(() => make(attacked));

    const snapshot = fixture.worktrees.snapshot(fixture.thread, 'Work');
    await expect(snapshot).rejects.toMatchObject({ code: 'worktree.replaced', data: { path: attacked.path } });
    await attacked.hostLooksAtEverything();

    expect(await exists(attacked.ran)).toBe(false);
    expect(await fixture.repository.git('for-each-ref')).toBe(refs);
    expect(await fixture.repository.git('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(await fixture.repository.git('status', '--porcelain')).toBe('');
    expect(await readFile(join(attacked.path, 'unsaved.txt'), 'utf8')).toBe('unsaved\n');

    // One step puts it right: what stood there is kept, and the work can be committed.
    const present = kind !== 'missing';
    const { setAside } = await fixture.worktrees.repair(fixture.thread);
    expect(setAside).toHaveLength(present ? 1 : 0);
    for (const path of setAside) expect(await lstat(path)).toBeDefined();
    await rm(join(attacked.path, 'inside'), { recursive: true, force: true });
    expect((await fixture.worktrees.snapshot(fixture.thread, 'Work')).committed).toBe(true);
    expect(await fixture.repository.git('show', `${fixture.thread.branch}:unsaved.txt`)).toBe('unsaved');
    expect(await exists(attacked.ran)).toBe(false);
    await fixture.assertNothingLost();
  });

  test('anything, the merge of what was reviewed waits for a person', async context => {
    const attacked = await Attacked.create(context);
    await rm(join(attacked.path, 'unsaved.txt'));
    await attacked.replace(() => gitIn(attacked.path, 'init', '--quiet'));
    expect(await attacked.fixture.merge()).toMatchObject({ kind: 'blocked', reason: 'worktree_replaced' });
  });
});

test('a parent folder that is a repository gets no commit when .git is gone', async context => {
  const attacked = await Attacked.create(context);
  const { fixture } = attacked;
  const home = fixture.repository.folder;
  await gitIn(home, 'init', '--quiet', '--initial-branch=main');
  const begin = await commitIn(home, { dotfile: 'mine\n' });
  await writeIn(home, 'secret', 'key\n');
  await attacked.replace(async () => undefined);

  await expect(fixture.worktrees.snapshot(fixture.thread, 'Work')).rejects.toMatchObject({ code: 'worktree.replaced' });
  const changes = await fixture.worktrees.changes(fixture.thread, 'main');
  expect(changes.map(({ path }) => path)).toEqual(expect.arrayContaining(['unsaved.txt', 'work.txt']));
  expect(changes.map(({ path }) => path)).not.toContain('secret');
  expect(await gitIn(home, 'rev-parse', 'HEAD')).toBe(begin);
});

describe.concurrent("when the agent wrote into git's record of its worktree", () => {
  const files: readonly (readonly [string, string])[] = [
    ['commondir', 'INSIDE/.git\n'],
    ['gitdir', '/somewhere/else/.git\n'],
    ['HEAD', 'INSIDE\n'],
    ['config.worktree', '[core]\nfsmonitor = touch RAN\n[filter "x"]\nclean = sh -c "touch RAN; cat"\n'],
  ];
  test.for(files)('%s', async ([name, text], context) => {
    const attacked = await Attacked.create(context);
    const { fixture } = attacked;
    await fixture.repository.git('config', 'extensions.worktreeConfig', 'true');
    const inside = join(attacked.path, 'inside');
    await attacked.hostileRepository(inside);
    const refs = await fixture.repository.git('for-each-ref');
    const record = fixture.repository.path('.git', 'worktrees', 'task', name);
    await writeFile(record, text.replaceAll('INSIDE', inside).replaceAll('RAN', attacked.ran));

    const recorded = { ...fixture.thread, registeredAs: 'task', commonDir: fixture.repository.path('.git') };
    await expect(fixture.worktrees.snapshot(recorded, 'Work')).rejects.toMatchObject({ code: 'worktree.replaced' });
    await attacked.hostLooksAtEverything();
    expect(await exists(attacked.ran)).toBe(false);
    expect(await fixture.repository.git('for-each-ref')).toBe(refs);

    expect((await fixture.worktrees.repair(recorded)).setAside).toHaveLength(1);
    await rm(inside, { recursive: true });
    await rm(join(attacked.path, '.gitattributes'), { force: true });
    expect((await fixture.worktrees.snapshot(recorded, 'Work')).committed).toBe(true);
    expect(await exists(attacked.ran)).toBe(false);
  });

  test('a worktree of its own configuration for a sparse checkout is fine', async context => {
    const attacked = await Attacked.create(context);
    const { fixture } = attacked;
    await gitIn(attacked.path, 'sparse-checkout', 'set', 'src');
    expect((await fixture.worktrees.snapshot(fixture.thread, 'Work')).committed).toBe(true);
  });
});

test('five worktrees with FIFOs do not keep the host from a sixth', async context => {
  const attacked = await Attacked.create(context);
  const { worktrees, root } = attacked.fixture;
  const refs = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async number => {
      const path = attacked.fixture.path(`worktrees/task-${number}`);
      const ref = { repository: root, path, branch: `muster/task-${number}` };
      await worktrees.create(ref, new AbortController().signal);
      return ref;
    }),
  );
  const fine = refs.pop();
  if (fine === undefined) throw new Error('There are six');
  for (const { path } of refs) {
    await rm(join(path, '.git'));
    execFileSync('mkfifo', [join(path, '.git')]);
  }
  const all = Promise.allSettled(refs.map(ref => worktrees.snapshot(ref, 'Work')));
  await writeIn(fine.path, 'new.txt', 'new\n');
  expect((await worktrees.snapshot(fine, 'Work')).committed).toBe(true);
  expect((await all).map(({ status }) => status)).toEqual(refs.map(() => 'rejected'));
});

test("a link in the place of the folder makes no other folder this thread's work", async context => {
  const { fixture, path } = await Attacked.create(context);
  await rename(path, `${path}-moved`);
  await symlink(fixture.root, path);
  await fixture.repository.write('mine.txt', 'mine\n');
  await expect(fixture.worktrees.snapshot(fixture.thread, 'Work')).rejects.toMatchObject({ code: 'worktree.replaced' });
  await expect(fixture.worktrees.ensure(fixture.thread)).rejects.toMatchObject({ code: 'worktree.replaced' });
  const { setAside } = await fixture.worktrees.repair(fixture.thread);
  expect(setAside).toHaveLength(1);
  expect(await readFile(join(path, 'work.txt'), 'utf8')).toBe('work\n');
  expect(await fixture.repository.read('mine.txt')).toBe('mine\n');
});

test('a folder that was deleted is made again from its branch, with what was staged in it', async context => {
  const { fixture, path } = await Attacked.create(context);
  await gitIn(path, 'add', 'unsaved.txt');
  await rm(path, { recursive: true });
  await expect(fixture.worktrees.state(fixture.thread, 'main')).rejects.toMatchObject({
    code: 'worktree.missing',
    message: expect.stringContaining('muster restore'),
  });
  expect(await fixture.worktrees.ensure(fixture.thread)).toMatchObject({ madeAgain: true, registeredAs: 'task' });
  expect(await readFile(join(path, 'work.txt'), 'utf8')).toBe('work\n');
  expect(await readFile(join(path, 'unsaved.txt'), 'utf8')).toBe('unsaved\n');
  expect(await gitIn(path, 'status', '--porcelain')).toBe('A  unsaved.txt');
  expect(await fixture.worktrees.ensure(fixture.thread)).toMatchObject({ madeAgain: false });
});

test('a worktree that git has forgotten is known again, its files as they are', async context => {
  const { fixture, path } = await Attacked.create(context);
  await rm(fixture.repository.path('.git', 'worktrees', 'task'), { recursive: true });
  expect(await fixture.worktrees.ensure(fixture.thread)).toMatchObject({ registeredAs: 'task' });
  expect(await gitIn(path, 'status', '--porcelain')).toBe('?? unsaved.txt');
  expect((await fixture.worktrees.snapshot(fixture.thread, 'Work')).committed).toBe(true);
});

test('looking runs no hook of the repository, and no file system monitor', async context => {
  const attacked = await Attacked.create(context);
  const { fixture } = attacked;
  await fixture.repository.hook('post-index-change', `touch ${attacked.ran}`);
  await fixture.repository.git('config', 'core.fsmonitor', `touch ${attacked.ran}`);
  await writeIn(attacked.path, 'src/a.txt', 'edited\n');
  await fixture.worktrees.state(fixture.thread, 'main');
  await fixture.worktrees.changes(fixture.thread, 'main');
  await fixture.worktrees.patch(fixture.thread, 'main', 1_000_000);
  await fixture.driver().compute(fixture.request(), new AbortController().signal);
  await fixture.worktrees.snapshot(fixture.thread, 'Work');
  expect(await exists(attacked.ran)).toBe(false);
});
