import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeId } from '../../../src/base/ids.js';
import { commitIn, gitIn, writeIn } from '../../support/gitRepository.js';
import { MergeFixture } from './mergeFixture.js';

type Finished = (done: () => Promise<void>) => void;

const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com'];
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

async function open(onTestFinished: Finished): Promise<MergeFixture> {
  const merge = await MergeFixture.create();
  onTestFinished(async () => {
    execFileSync('chmod', ['-R', 'u+rwx', merge.repository.folder]);
    await merge.repository.dispose();
  });
  return merge;
}

async function repositoryIn(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  await gitIn(path, 'init', '--quiet', '--initial-branch=main');
  return commitIn(path, { 'inner.txt': 'inner\n' });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

describe.concurrent('repositories inside a worktree', () => {
  test('one that git ignores is kept although ignored files are discarded', async ({ onTestFinished }) => {
    const { thread, rescuer } = await open(onTestFinished);
    const commit = await repositoryIn(join(thread.path, 'tool.secret'));
    await writeIn(thread.path, 'other.secret', 'goes\n');
    await writeIn(join(thread.path, 'tool.secret'), 'uncommitted.txt', 'stays\n');
    const rescue = await rescuer.remove(thread, { ignored: 'discard' });
    expect(rescue).toMatchObject({ archived: true, nested: ['tool.secret'] });
    await rescuer.restore(rescue, thread);
    expect(await gitIn(join(thread.path, 'tool.secret'), 'rev-parse', 'HEAD')).toBe(commit);
    expect(await readFile(join(thread.path, 'tool.secret/uncommitted.txt'), 'utf8')).toBe('stays\n');
    expect(await exists(join(thread.path, 'other.secret'))).toBe(false);
  });

  test('one that was committed as a link is kept with its commits', async ({ onTestFinished }) => {
    const { thread, rescuer } = await open(onTestFinished);
    const commit = await repositoryIn(join(thread.path, 'app'));
    await gitIn(thread.path, '-c', 'advice.addEmbeddedRepo=false', 'add', '--all');
    await gitIn(thread.path, ...identity, 'commit', '--quiet', '-m', 'Scaffold');
    const rescue = await rescuer.remove(thread);
    expect(rescue.nested).toEqual(['app']);
    await rescuer.restore(rescue, thread);
    expect(await gitIn(join(thread.path, 'app'), 'rev-parse', 'HEAD')).toBe(commit);
    expect(await gitIn(thread.path, 'status', '--porcelain')).toBe('');
  });

  test('a bare one keeps the folders without which it is none', async ({ onTestFinished }) => {
    const { thread, rescuer } = await open(onTestFinished);
    await gitIn(thread.path, 'clone', '--quiet', '--bare', '.', 'mirror.secret');
    const rescue = await rescuer.remove(thread, { ignored: 'discard' });
    await rescuer.restore(rescue, thread);
    expect(await gitIn(join(thread.path, 'mirror.secret'), 'rev-parse', '--is-bare-repository')).toBe('true');
  });

  test('one that was made in place of the worktree’s own link keeps neither removal nor restoring from working', async ({
    onTestFinished,
  }) => {
    const { thread, rescuer, options, reviewed } = await open(onTestFinished);
    await rm(join(thread.path, '.git'));
    await gitIn(thread.path, 'init', '--quiet', '--initial-branch=main');
    const commit = await commitIn(thread.path, { 'theirs.txt': 'theirs\n' });
    const rescue = await rescuer.remove(thread);
    expect(rescue).toMatchObject({ head: reviewed, archived: true });
    const { registeredAs, commonDir } = await rescuer.restore(rescue, thread);
    expect(await readFile(join(thread.path, 'theirs.txt'), 'utf8')).toBe('theirs\n');
    expect(await gitIn(thread.path, 'rev-parse', 'HEAD')).toBe(reviewed);
    const theirs = join(commonDir, 'worktrees', registeredAs, 'muster-replaced.git');
    expect(await gitIn(theirs, '--git-dir=.', 'cat-file', '-t', commit)).toBe('commit');
    expect(options.stateDir).toBeTruthy();
  });
});

describe.concurrent('what git will not take', () => {
  test('files of every kind are put away and come back', async ({ onTestFinished }) => {
    const { thread, rescuer } = await open(onTestFinished);
    await gitIn(thread.path, 'config', 'core.safecrlf', 'true');
    await gitIn(thread.path, 'config', 'core.autocrlf', 'input');
    await writeIn(thread.path, 'crlf.txt', 'one\r\ntwo\n');
    await writeIn(thread.path, 'main.txt', 'hidden edit\n');
    await gitIn(thread.path, 'update-index', '--assume-unchanged', 'main.txt');
    await rm(join(thread.path, 'README.md'));
    execFileSync('mkfifo', [join(thread.path, 'README.md')]);
    const rescue = await rescuer.remove(thread);
    expect(rescue.leftover).toEqual([]);
    expect(rescue.refused).toContain('main.txt');
    expect(rescue.refused).toContain('README.md');
    await rescuer.restore(rescue, thread);
    expect(await readFile(join(thread.path, 'main.txt'), 'utf8')).toBe('hidden edit\n');
    expect(await readFile(join(thread.path, 'crlf.txt'), 'utf8')).toMatch(/^one\r?\ntwo\n$/);
  });

  test('a filter that fails does not keep work from being put away', async ({ onTestFinished }) => {
    const { thread, rescuer } = await open(onTestFinished);
    await gitIn(thread.path, 'config', 'filter.broken.clean', 'false');
    await gitIn(thread.path, 'config', 'filter.broken.required', 'true');
    await writeIn(thread.path, '.gitattributes', '*.txt filter=broken\n');
    await writeIn(thread.path, 'main.txt', 'edited\n');
    await writeIn(thread.path, 'new.txt', 'new\n');
    const rescue = await rescuer.remove(thread);
    expect(rescue.archived).toBe(true);
    await gitIn(thread.repository, 'config', '--unset', 'filter.broken.required');
    await rescuer.restore(rescue, thread);
    expect(await readFile(join(thread.path, 'main.txt'), 'utf8')).toBe('edited\n');
    expect(await readFile(join(thread.path, 'new.txt'), 'utf8')).toBe('new\n');
  });

  test('new files outside of a sparse checkout come back', async ({ onTestFinished }) => {
    const { thread, rescuer } = await open(onTestFinished);
    await gitIn(thread.path, 'sparse-checkout', 'set', 'src');
    await writeIn(thread.path, 'elsewhere/new.txt', 'new\n');
    const rescue = await rescuer.remove(thread);
    await rescuer.restore(rescue, thread);
    expect(await readFile(join(thread.path, 'elsewhere/new.txt'), 'utf8')).toBe('new\n');
  });

  test('a damaged index or git directory does not keep a worktree from being put away', async ({ onTestFinished }) => {
    const { thread, rescuer } = await open(onTestFinished);
    await writeIn(thread.path, 'main.txt', 'edited\n');
    await writeIn(thread.path, 'new.txt', 'new\n');
    const gitDir = await gitIn(thread.path, 'rev-parse', '--absolute-git-dir');
    await writeFile(join(gitDir, 'index'), 'no index');
    await writeFile(join(gitDir, 'HEAD'), 'nonsense');
    const rescue = await rescuer.remove(thread);
    await rescuer.restore(rescue, thread);
    expect(await readFile(join(thread.path, 'main.txt'), 'utf8')).toBe('edited\n');
    expect(await readFile(join(thread.path, 'new.txt'), 'utf8')).toBe('new\n');
  });

  test('a link in place of the worktree goes, and what it leads to stays', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer } = merge;
    const moved = merge.path('moved');
    await rename(thread.path, moved);
    await symlink(moved, thread.path);
    const rescue = await rescuer.remove(thread);
    expect(rescue.leftover).toEqual([]);
    expect(await readFile(join(moved, 'work.txt'), 'utf8')).toBe('work\n');
    await rescuer.restore(rescue, thread);
    expect((await lstat(thread.path)).isDirectory()).toBe(true);
    expect(await readFile(join(thread.path, 'work.txt'), 'utf8')).toBe('work\n');
  });

  test('a repository that was deleted leaves an archive of the files', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer, root, options } = merge;
    await rm(root, { recursive: true });
    // Without what was recorded nobody knows whether it is gone or somewhere else: the files stay.
    const earlier = { repository: thread.repository, path: thread.path, branch: thread.branch };
    await expect(rescuer.remove(earlier)).rejects.toThrow();
    expect(await readFile(join(thread.path, 'work.txt'), 'utf8')).toBe('work\n');
    const recorded = { ...earlier, commonDir: join(root, '.git'), registeredAs: 'task' };
    const rescue = await rescuer.remove(recorded);
    expect(await exists(thread.path)).toBe(false);
    const archive = join(options.stateDir, 'rescues', rescue.id, 'files.tar.gz');
    expect(execFileSync('tar', ['-xzOf', archive, 'work/work.txt']).toString()).toBe('work\n');
    await expect(rescuer.restore(rescue, recorded)).rejects.toMatchObject({
      code: 'rescue.unknown',
      message: expect.stringContaining(archive),
    });
    await rescuer.driver.discard(rescue);
    expect(await exists(archive)).toBe(false);
  });

  test('names that are no UTF-8 come back to the byte', async ({ onTestFinished }) => {
    const { thread, rescuer } = await open(onTestFinished);
    const names = ['caf\xe9.secret', 'd\xff/\xfe.secret', `${'l\xf6ng-'.repeat(40)}.secret`, 'untracked-\xe9.txt'];
    await mkdir(Buffer.concat([Buffer.from(`${thread.path}/`), bytes('d\xff')]));
    const at = (name: string): Buffer => Buffer.concat([Buffer.from(`${thread.path}/`), bytes(name)]);
    for (const name of names) await writeFile(at(name), name);
    const rescue = await rescuer.remove(thread);
    expect(rescue.leftover).toEqual([]);
    await rescuer.restore(rescue, thread);
    for (const name of names) expect(await readFile(at(name), 'utf8')).toBe(name);
  });

  test('read-only folders and unreadable files go and come back as they were', async ({ onTestFinished }) => {
    const { thread, rescuer } = await open(onTestFinished);
    await writeIn(thread.path, 'cache.secret/mod/a.go', 'package a\n');
    await writeIn(thread.path, 'closed.txt', 'closed\n');
    await chmod(join(thread.path, 'closed.txt'), 0);
    await chmod(join(thread.path, 'cache.secret/mod/a.go'), 0o444);
    await chmod(join(thread.path, 'cache.secret/mod'), 0o555);
    await chmod(join(thread.path, 'cache.secret'), 0o555);
    const rescue = await rescuer.remove(thread);
    expect(rescue.leftover).toEqual([]);
    expect(await exists(thread.path)).toBe(false);
    await rescuer.restore(rescue, thread);
    expect((await stat(join(thread.path, 'cache.secret/mod'))).mode & 0o777).toBe(0o555);
    expect(await readFile(join(thread.path, 'cache.secret/mod/a.go'), 'utf8')).toBe('package a\n');
    await chmod(join(thread.path, 'closed.txt'), 0o600);
    expect(await readFile(join(thread.path, 'closed.txt'), 'utf8')).toBe('closed\n');
  });
});

describe.concurrent('what earlier versions left', () => {
  test('a rescue whose record is its ref comes back with its archive', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer, repository, options } = merge;
    const made = await rescuer.remove(thread);
    const ref = 'refs/muster/rescue/task-abc123-old';
    const record = { branch: thread.branch, path: thread.path, head: made.head, createdAt: 1 };
    const message = `Rescue of ${thread.branch}\n\n${JSON.stringify(record)}\n`;
    const commit = await repository.git('commit-tree', '-m', message, '-p', made.head, `${made.head}^{tree}`);
    await repository.git('update-ref', ref, commit);
    await writeIn(merge.path('ignored'), 'deep/my.secret', 'secret\n');
    const archive = join(options.stateDir, 'rescues', 'task-abc123-old.tar.gz');
    await mkdir(join(options.stateDir, 'rescues'), { recursive: true });
    execFileSync('tar', ['-czf', archive, '-C', merge.path('ignored'), 'deep/my.secret']);
    const id = makeId<'rescue'>(Buffer.alloc(12, 1));
    const hinted = await rescuer.driver.readHint({ id, threadId: made.threadId, repository: repository.root, ref });
    if (!hinted) throw new Error('The ref says nothing');
    await rescuer.restore(hinted, thread);
    expect(await readFile(join(thread.path, 'deep/my.secret'), 'utf8')).toBe('secret\n');
    await rescuer.driver.discard(hinted);
    expect(await exists(archive)).toBe(false);
  });

  test('a worktree that nobody finished making goes, one that is being made stays', async ({ onTestFinished }) => {
    const { rescuer, repository, options } = await open(onTestFinished);
    const half = async (name: string, age: number): Promise<string> => {
      const path = join(options.stateDir, 'worktrees', name, name);
      const lock = ['--lock', '--reason', 'Muster is making this worktree'];
      await repository.git('worktree', 'add', '--quiet', '--no-checkout', ...lock, '-b', `muster/${name}`, path);
      const then = new Date(Date.now() - age);
      await utimes(join(repository.root, '.git/worktrees', name, 'locked'), then, then);
      return path;
    };
    const old = await half('old', 24 * 60 * 60_000);
    const fresh = await half('fresh', 1_000);
    await rescuer.driver.sweep(repository.root);
    expect([await exists(old), await exists(fresh)]).toEqual([false, true]);
    expect(await repository.git('branch', '--list', 'muster/old')).toBe('');
  });
});

describe.concurrent('a rescue ref that somebody else wrote', () => {
  test('deletes and unpacks nothing', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer, repository } = merge;
    const thesis = merge.path('thesis.txt');
    await writeFile(thesis, 'years of work\n');
    const genuine = await rescuer.remove(thread);
    for (const ignoredArchive of [thesis, merge.path('repository')]) {
      const record = { branch: thread.branch, path: thread.path, head: genuine.head, createdAt: 1, ignoredArchive };
      const message = `Rescue\n\n${JSON.stringify(record)}\n`;
      const forged = await repository.git('commit-tree', '-m', message, '-p', genuine.head, `${genuine.head}^{tree}`);
      const ref = 'refs/muster/rescue/forged';
      await repository.git('update-ref', ref, forged);
      const id = makeId<'rescue'>(Buffer.alloc(12, 1));
      const hint = { id, threadId: genuine.threadId, repository: repository.root, ref };
      const hinted = await rescuer.driver.readHint(hint);
      expect(hinted).toMatchObject({ head: genuine.head, archived: false });
      if (!hinted) return;
      await rescuer.restore(hinted, thread);
      await rescuer.remove(thread);
      await rescuer.driver.discard(hinted);
      expect(await readFile(thesis, 'utf8')).toBe('years of work\n');
      expect(await exists(merge.path('repository'))).toBe(true);
    }
  });

  test('is no rescue when its name reaches elsewhere', async ({ onTestFinished }) => {
    const { rescuer, repository } = await open(onTestFinished);
    const id = makeId<'rescue'>(Buffer.alloc(12, 1));
    const threadId = makeId<'thread'>(Buffer.alloc(12, 1));
    for (const ref of ['refs/heads/main', 'refs/muster/rescue/*', '--all', 'refs/muster/rescue/../../heads/main']) {
      expect(await rescuer.driver.readHint({ id, threadId, repository: repository.root, ref })).toBeUndefined();
    }
  });

  test('an archive that is a folder, or damaged, is an error and nothing else', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer, options } = merge;
    await writeIn(thread.path, 'my.secret', 'secret\n');
    const rescue = await rescuer.remove(thread);
    const archive = join(options.stateDir, 'rescues', rescue.id, 'files.tar.gz');
    const whole = await readFile(archive);
    await writeFile(archive, whole.subarray(0, whole.length - 20));
    await expect(rescuer.restore(rescue, thread)).rejects.toMatchObject({ code: 'worktree.failed' });
    expect(await exists(thread.path)).toBe(false);
    await writeFile(archive, whole);
    await rescuer.restore(rescue, thread);
    expect(await readFile(join(thread.path, 'my.secret'), 'utf8')).toBe('secret\n');
  });

  test('nothing is written through a link that the worktree has', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer } = merge;
    const outside = merge.path('outside');
    await mkdir(outside);
    await writeIn(thread.path, 'folder/my.secret', 'secret\n');
    const rescue = await rescuer.remove(thread);
    // The same branch, with a link where the folder was.
    await rescuer.restore(rescue, thread);
    await rm(join(thread.path, 'folder'), { recursive: true });
    await symlink(outside, join(thread.path, 'folder'));
    await gitIn(thread.path, 'add', 'folder');
    await gitIn(thread.path, ...identity, 'commit', '--quiet', '-m', 'Link');
    const linked = await rescuer.remove(thread);
    const { archived } = rescue;
    await merge.repository.git('update-ref', `refs/heads/${thread.branch}`, linked.head);
    await rescuer.restore({ ...rescue, head: linked.head, archived }, thread);
    expect(await exists(join(outside, 'my.secret'))).toBe(false);
  });
});
