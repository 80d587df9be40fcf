import { access, chmod, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Log } from '../../../src/base/log.js';
import { silentLog } from '../../../src/base/log.js';
import type { GitDriverOptions } from '../../../src/drivers/git/command/gitContext.js';
import { createGitMergeDriver } from '../../../src/drivers/git/merge/gitMergeDriver.js';
import { createGitRescueDriver } from '../../../src/drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { Rescuer } from '../../support/rescuer.js';
import { gitIn, GitRepository, isolatedGitEnvironment, writeIn } from '../../support/gitRepository.js';
import { performMerge } from '../../../src/core/merges/performMerge.js';
import { fileJournal } from '../../support/fileJournal.js';
import { mergeId } from './mergeFixture.js';

const signal = new AbortController().signal;
type Finished = (done: () => Promise<void>) => void;

async function open(onTestFinished: Finished, create: Parameters<typeof GitRepository.create>[0] = {}) {
  const repository = await GitRepository.create(create);
  onTestFinished(() => repository.dispose());
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: message => void warnings.push(message) };
  const options: GitDriverOptions = {
    stateDir: join(repository.folder, 'state'),
    clock: createNodeClock(),
    log,
    environment: isolatedGitEnvironment,
  };
  const worktree = (name: string) => ({
    repository: repository.root,
    path: join(repository.folder, 'worktrees', name),
    branch: `muster/${name}`,
  });
  return { repository, worktree, warnings, options, driver: createGitWorktreeDriver(options) };
}

const hostileNames = [
  'with space',
  `quo'te "double"`,
  'new\nline',
  'ünïcödé ☃',
  '-dash',
  '$HOME `id` \\back',
  '%s #{x}',
];

describe.concurrent('hostile paths', () => {
  test.for(hostileNames)('a repository and a worktree called %j', async (name, { onTestFinished }) => {
    const { repository, driver, options } = await open(onTestFinished, { name });
    const info = await driver.inspect(repository.path('src'));
    expect(info).toMatchObject({ root: repository.root, commonDir: repository.path('.git'), prefix: 'src' });
    const ref = { repository: repository.root, path: join(repository.folder, `w ${name}`), branch: 'muster/task' };
    await driver.create(ref, signal);
    const file = name.replace('\\', '/').trim();
    await writeIn(ref.path, `dir ${file}/${file}.txt`, 'content\n');
    const path = `dir ${file}/${file}.txt`;
    expect((await driver.state(ref, 'main')).dirty).toEqual([path]);
    expect(await driver.changes(ref, 'main')).toMatchObject([{ path, status: 'untracked', additions: 1 }]);
    const { head } = await driver.snapshot(ref, `-m ${name}`);
    expect(await driver.changes(ref, 'main')).toMatchObject([{ path, status: 'added' }]);
    expect(await driver.show(repository.root, head, path, { maxBytes: 100 })).toMatchObject({ kind: 'file' });
    const request = {
      id: mergeId,
      worktree: ref,
      commit: head,
      target: 'main',
      strategy: 'merge',
      message: name,
    } as const;
    const outcome = await performMerge(
      createGitMergeDriver({ ...options, journal: fileJournal(options.stateDir) }),
      request,
      signal,
    );
    expect(outcome).toMatchObject({ kind: 'merged' });
    expect(await repository.read(path)).toBe('content\n');
    await writeIn(ref.path, `${file}.more`, 'more\n');
    const rescuer = new Rescuer(createGitRescueDriver(options));
    await rescuer.restore(await rescuer.remove(ref), ref);
    expect((await driver.state(ref, 'main')).dirty).toEqual([`${file}.more`]);
    await repository.fsck();
  });
});

describe.concurrent('repositories that are not as they should be', () => {
  test('no commits', async ({ onTestFinished }) => {
    const { repository, driver } = await open(onTestFinished, { empty: true });
    await expect(driver.inspect(repository.root)).rejects.toMatchObject({ code: 'git.emptyRepository' });
  });

  test('a detached HEAD has no branch, and work starts from its commit', async ({ onTestFinished }) => {
    const { repository, driver, worktree } = await open(onTestFinished);
    await repository.git('checkout', '--quiet', '--detach');
    expect(await driver.inspect(repository.root)).not.toHaveProperty('branch');
    const head = await repository.commitOf('HEAD');
    const created = await driver.create(worktree('a'), signal);
    expect(created).toMatchObject({
      baseRef: head,
      baseCommit: head,
      notes: [expect.stringContaining('asks for its target')],
    });
  });

  test('a bare repository, and a folder that does not exist', async ({ onTestFinished }) => {
    const { repository, driver } = await open(onTestFinished);
    await gitIn(repository.folder, 'clone', '--quiet', '--bare', repository.root, 'bare.git');
    const bare = driver.inspect(join(repository.folder, 'bare.git'));
    await expect(bare).rejects.toMatchObject({ code: 'git.notRepository' });
    const nowhere = driver.inspect(join(repository.folder, 'nowhere'));
    await expect(nowhere).rejects.toMatchObject({ code: 'git.notRepository' });
  });

  test('git that is missing or too old', async ({ onTestFinished }) => {
    const { repository, options } = await open(onTestFinished);
    const none = createGitWorktreeDriver({ ...options, environment: { PATH: '/nonexistent' } });
    await expect(none.inspect(repository.root)).rejects.toMatchObject({ code: 'git.missing' });
    const old = join(repository.folder, 'old-git');
    await writeIn(repository.folder, 'old-git', '#!/bin/sh\necho git version 2.37.4 \\(Vendor\\)\n');
    await chmod(old, 0o755);
    const tooOld = createGitWorktreeDriver({ ...options, binary: old });
    const inspected = tooOld.inspect(repository.root);
    await expect(inspected).rejects.toMatchObject({ code: 'git.tooOld', data: { found: '2.37.4', needed: '2.38' } });
  });

  test('an environment that points git elsewhere is not followed', async ({ onTestFinished }) => {
    const { repository, options } = await open(onTestFinished);
    const environment = { ...isolatedGitEnvironment, GIT_DIR: '/nonexistent', GIT_INDEX_FILE: '/nonexistent/i' };
    const driver = createGitWorktreeDriver({ ...options, environment });
    expect(await driver.inspect(repository.root)).toMatchObject({ root: repository.root });
  });
});

describe.concurrent('making a worktree', () => {
  test('a base that is a tag, a remote branch or a branch hidden by a tag', async ({ onTestFinished }) => {
    const { repository, driver, worktree } = await open(onTestFinished);
    const first = await repository.commitOf('main');
    await repository.git('update-ref', 'refs/remotes/origin/release', first);
    await repository.git('tag', 'main', first);
    const main = await repository.commit({ 'x.txt': 'x\n' });
    expect(await driver.create({ ...worktree('a'), base: 'main' }, signal)).toMatchObject({
      baseRef: 'main',
      head: main,
    });
    expect(await driver.create({ ...worktree('b'), base: 'release' }, signal)).toMatchObject({ head: first });
    expect(await driver.create({ ...worktree('c'), base: 'tags/main' }, signal)).toMatchObject({ baseRef: first });
    expect(await repository.git('config', '--list', '--local')).not.toContain('branch.muster/');
    for (const base of ['--upload-pack=id', 'main..release', 'main...release']) {
      const hostile = driver.create({ ...worktree('d'), base }, signal);
      await expect(hostile).rejects.toMatchObject({ code: 'git.noBase' });
    }
  });

  test('a post-checkout hook runs in the finished worktree, and one that fails costs nothing', async ({
    onTestFinished,
  }) => {
    const { repository, driver, worktree, warnings } = await open(onTestFinished);
    const script = '#!/bin/sh\ntest -f README.md && echo "$3" > from-hook; sleep 30 & exit 1\n';
    await writeIn(repository.root, '.git/hooks/post-checkout', script);
    await chmod(repository.path('.git/hooks/post-checkout'), 0o755);
    const ref = worktree('a');
    await driver.create(ref, signal);
    expect(await readFile(join(ref.path, 'from-hook'), 'utf8')).toBe('1\n');
    expect(warnings).toHaveLength(1);
  });

  test('a file that Git LFS cannot fetch stays a pointer', async ({ onTestFinished }) => {
    const { repository, driver, worktree } = await open(onTestFinished);
    await repository.commit({ '.gitattributes': '*.bin filter=lfs\n', 'big.bin': 'pointer\n' });
    await repository.git('config', 'filter.lfs.smudge', 'false');
    await repository.git('config', 'filter.lfs.required', 'true');
    const created = await driver.create(worktree('a'), signal);
    expect(created.notes).toEqual([expect.stringContaining('Git LFS')]);
    expect(await readFile(join(worktree('a').path, 'big.bin'), 'utf8')).toBe('pointer\n');
  });

  test('submodules do not get in the way', async ({ onTestFinished }) => {
    const { repository, driver, options, worktree } = await open(onTestFinished);
    const inner = await open(onTestFinished);
    const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.repository.root, 'sub'];
    await repository.git(...add);
    await repository.commit({}, 'Add a submodule');
    await repository.git('config', 'submodule.recurse', 'true');
    const ref = worktree('a');
    await driver.create(ref, signal);
    expect(await driver.state(ref, 'main')).toMatchObject({ dirty: [] });
    const rescuer = new Rescuer(createGitRescueDriver(options));
    expect(await rescuer.remove(ref)).toMatchObject({ branch: ref.branch });
  });

  test('a folder that holds something else is not touched, and nothing is left behind', async ({ onTestFinished }) => {
    const { repository, driver, worktree } = await open(onTestFinished);
    const ref = worktree('a');
    await writeIn(ref.path, 'mine.txt', 'mine\n');
    await expect(driver.create(ref, signal)).rejects.toMatchObject({ code: 'worktree.failed' });
    expect(await readFile(join(ref.path, 'mine.txt'), 'utf8')).toBe('mine\n');
    expect(await repository.git('branch', '--list', 'muster/*')).toBe('');
  });

  test('an abort in the middle leaves nothing behind', async ({ onTestFinished }) => {
    const { repository, options, worktree } = await open(onTestFinished);
    const abort = new AbortController();
    const wrapper = join(repository.folder, 'slow-git');
    const script = '#!/bin/sh\ncase "$*" in *reset*--hard*) touch "$0.reached"; sleep 60;; esac\nexec git "$@"\n';
    await writeIn(repository.folder, 'slow-git', script);
    await chmod(wrapper, 0o755);
    const driver = createGitWorktreeDriver({ ...options, binary: wrapper });
    const ref = worktree('deep/er/a');
    const creating = driver.create(ref, abort.signal);
    const stopping = vi
      .waitFor(() => access(`${wrapper}.reached`), { timeout: 30_000 })
      .then(() => abort.abort(new Error('stopped')));
    await expect(creating).rejects.toThrow('stopped');
    await stopping;
    expect(await repository.git('branch', '--list', 'muster/*')).toBe('');
    expect(await repository.git('worktree', 'list')).not.toContain('deep');
    expect(await readdir(dirname(repository.root))).not.toContain('worktrees');
  });
});

describe.concurrent('snapshots', () => {
  test('a repository without identity, with refusing hooks and with signing switched on', async ({
    onTestFinished,
  }) => {
    const { repository, driver, worktree } = await open(onTestFinished, { identity: false });
    await repository.git('config', 'commit.gpgSign', 'true');
    await repository.git('config', 'gpg.program', '/bin/false');
    for (const hook of ['pre-commit', 'commit-msg', 'post-commit']) {
      await writeIn(repository.root, `.git/hooks/${hook}`, '#!/bin/sh\nexit 1\n');
      await chmod(repository.path('.git/hooks', hook), 0o755);
    }
    const ref = worktree('a');
    await driver.create(ref, signal);
    await writeIn(ref.path, 'work.txt', 'work\n');
    expect(await driver.snapshot(ref, '# not a comment')).toMatchObject({ committed: true });
    expect(await gitIn(ref.path, 'log', '-1', '--format=%an|%B')).toBe('Muster|# not a comment\n');
  });

  test('a repository inside the worktree is left out', async ({ onTestFinished }) => {
    const { driver, worktree } = await open(onTestFinished);
    const ref = worktree('a');
    await driver.create(ref, signal);
    await gitIn(ref.path, 'init', '--quiet', 'nested [x]');
    await writeIn(ref.path, 'nested [x]/file.txt', 'nested\n');
    await writeIn(ref.path, 'work.txt', 'work\n');
    const { head } = await driver.snapshot(ref, 'Keep');
    expect(await gitIn(ref.path, 'ls-tree', '-r', '--name-only', head)).not.toContain('nested');
    expect(await driver.state(ref, 'main')).toMatchObject({ dirty: [] });
  });

  test('work on another branch or on none still belongs to the thread', async ({ onTestFinished }) => {
    const { repository, driver, worktree } = await open(onTestFinished);
    const ref = worktree('a');
    await driver.create(ref, signal);
    await gitIn(ref.path, 'checkout', '--quiet', '-b', 'agents-own');
    await writeIn(ref.path, 'one.txt', '1\n');
    const one = await driver.snapshot(ref, 'One');
    expect(await repository.commitOf(ref.branch)).toBe(one.head);
    await gitIn(ref.path, 'checkout', '--quiet', '--detach');
    await writeIn(ref.path, 'two.txt', '2\n');
    const two = await driver.snapshot(ref, 'Two');
    expect(await repository.commitOf(ref.branch)).toBe(two.head);
    expect(await gitIn(ref.path, 'symbolic-ref', '--short', 'HEAD')).toBe(ref.branch);
  });

  test('an index lock that a killed git left does not stop it', async ({ onTestFinished }) => {
    const { driver, worktree } = await open(onTestFinished);
    const ref = worktree('a');
    await driver.create(ref, signal);
    await writeIn(ref.path, 'work.txt', 'work\n');
    const gitDirectory = await gitIn(ref.path, 'rev-parse', '--absolute-git-dir');
    await writeIn(gitDirectory, 'index.lock', '');
    expect(await driver.snapshot(ref, 'Keep')).toMatchObject({ committed: true });
  });
});
