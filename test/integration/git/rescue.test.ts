import { execFileSync } from 'node:child_process';
import { chmod, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Rescue } from '../../../src/core/workspaces/rescue.js';
import { gitIn, lines, writeIn } from '../../support/gitRepository.js';
import { MergeFixture } from './mergeFixture.js';

const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com'];

/** Where the files are that git does not keep. */
function archiveOf({ options }: MergeFixture, { id }: Rescue): string {
  return join(options.stateDir, 'rescues', id, 'files.tar.gz');
}

type Finished = (done: () => Promise<void>) => void;

async function open(onTestFinished: Finished): Promise<MergeFixture> {
  const merge = await MergeFixture.create();
  onTestFinished(() => merge.repository.dispose());
  return merge;
}

/** `git status` of a worktree, letters included. */
async function statusOf(path: string): Promise<string> {
  return gitIn(path, 'status', '--porcelain', '--untracked-files=all');
}

describe.concurrent('removing and restoring a worktree', () => {
  test('staged, unstaged and untracked work come back as such', async ({ onTestFinished }) => {
    const { thread, rescuer, repository } = await open(onTestFinished);
    await writeIn(thread.path, 'README.md', 'staged\n');
    await writeIn(thread.path, 'src/b.txt', 'staged as well\n');
    await writeIn(thread.path, 'added.txt', 'added\n');
    await gitIn(thread.path, 'rm', '--quiet', 'main.txt');
    await gitIn(thread.path, 'add', '--all');
    await writeIn(thread.path, 'src/b.txt', 'changed after staging\n');
    await writeIn(thread.path, 'src/a.txt', 'unstaged\n');
    await writeIn(thread.path, 'odd "name"\n/untracked.txt', 'untracked\n');
    await chmod(join(thread.path, 'work.txt'), 0o755);
    const before = await statusOf(thread.path);
    const rescue = await rescuer.remove(thread);
    await repository.git('gc', '--quiet', '--prune=now');
    await rescuer.restore(rescue, thread);
    expect(await statusOf(thread.path)).toBe(before);
    expect(await gitIn(thread.path, 'show', ':src/b.txt')).toBe('staged as well');
    expect(await readFile(join(thread.path, 'src/b.txt'), 'utf8')).toBe('changed after staging\n');
    expect(await readFile(join(thread.path, 'odd "name"\n/untracked.txt'), 'utf8')).toBe('untracked\n');
    await repository.fsck();
  });

  test('a merge that stopped half-way loses neither its files nor its sides', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer, root, repository } = merge;
    const theirs = await merge.commit(root, { 'src/a.txt': lines('theirs') });
    const start = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', 'merge', 'main'];
    await expect(gitIn(thread.path, ...start)).rejects.toThrow();
    const conflict = await readFile(join(thread.path, 'src/a.txt'), 'utf8');
    const rescue = await rescuer.remove(thread);
    await repository.git('gc', '--quiet', '--prune=now');
    await rescuer.restore(rescue, thread);
    expect(await readFile(join(thread.path, 'src/a.txt'), 'utf8')).toBe(conflict);
    expect(conflict).toContain('<<<<<<<');
    expect(await repository.isKept(theirs)).toBe(true);
    const kept = await repository.git('rev-list', '--parents', '-1', rescue.ref);
    const trees = kept
      .split(' ')
      .slice(1)
      .map(parent => repository.git('ls-tree', '-r', '--name-only', parent));
    expect((await Promise.all(trees)).join('\n')).toContain('2/src/a.txt');
  });

  test('commits that only a reflog knew are kept', async ({ onTestFinished }) => {
    const { thread, rescuer, repository, reviewed, base } = await open(onTestFinished);
    await gitIn(thread.path, 'reset', '--quiet', '--hard', base);
    await rescuer.remove(thread);
    await repository.git('reflog', 'expire', '--expire=now', '--all');
    await repository.git('gc', '--quiet', '--prune=now');
    expect(await repository.isKept(reviewed)).toBe(true);
  });

  test('changed ignored files go into a private archive, not into git', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer, root, repository } = merge;
    await writeIn(root, 'same.secret', 'same\n');
    await writeIn(thread.path, 'same.secret', 'same\n');
    await writeIn(root, 'other.secret', 'the user’s\n');
    await writeIn(thread.path, 'other.secret', 'the agent’s\n');
    const long = `${'deep/'.repeat(30)}${'n'.repeat(120)}-ü.secret`;
    await writeIn(thread.path, long, Buffer.alloc(100_000, 7));
    await chmod(join(thread.path, long), 0o600);
    await symlink('target with space', join(thread.path, 'link.secret'));
    const rescue = await rescuer.remove(thread);
    const archive = archiveOf(merge, rescue);
    expect((await stat(archive)).mode & 0o777).toBe(0o600);
    const listed = execFileSync('tar', ['-tzf', archive], { env: { ...process.env, LC_ALL: 'C.UTF-8' } }).toString();
    expect(
      listed
        .split('\n')
        .filter(name => name !== '' && !name.endsWith('/'))
        .toSorted(),
    ).toHaveLength(3);
    expect(listed).not.toContain('same.secret');
    const names = await repository.git('log', '--all', '--format=', '--name-only');
    expect(names).not.toContain('secret');

    await rescuer.restore(rescue, thread);
    expect(await readFile(join(thread.path, 'other.secret'), 'utf8')).toBe('the agent’s\n');
    expect((await readFile(join(thread.path, long))).equals(Buffer.alloc(100_000, 7))).toBe(true);
    expect((await stat(join(thread.path, long))).mode & 0o777).toBe(0o600);
    expect(await readlink(join(thread.path, 'link.secret'))).toBe('target with space');
    expect(await readFile(join(root, 'other.secret'), 'utf8')).toBe('the user’s\n');
    await rescuer.driver.discard(rescue);
    await expect(stat(archive)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('much of it is refused until a person says what to do', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer, worktrees, repository } = merge;
    await writeFile(join(thread.path, 'large.secret'), Buffer.alloc(11 * 1024 * 1024));
    const refused = rescuer.remove(thread);
    await expect(refused).rejects.toMatchObject({
      code: 'worktree.ignoredTooLarge',
      data: { path: thread.path, files: ['large.secret'] },
    });
    expect(await worktrees.state(thread, 'main')).toMatchObject({ dirty: [] });
    expect(await repository.git('for-each-ref', 'refs/muster')).toBe('');
    const discarded = await rescuer.remove(thread, { ignored: 'discard' });
    expect(discarded.archived).toBe(false);
    await rescuer.restore(discarded, thread);
    await writeFile(join(thread.path, 'large.secret'), Buffer.alloc(11 * 1024 * 1024, 1));
    const archived = await rescuer.remove(thread, { ignored: 'archive' });
    await rescuer.restore(archived, thread);
    const back = await readFile(join(thread.path, 'large.secret'));
    expect(back.equals(Buffer.alloc(11 * 1024 * 1024, 1))).toBe(true);
  });

  test('a repository inside the worktree comes back with its commits', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const { thread, rescuer } = merge;
    await gitIn(thread.path, 'init', '--quiet', 'nested');
    await writeIn(join(thread.path, 'nested'), 'file.txt', 'nested\n');
    await gitIn(join(thread.path, 'nested'), 'add', '--all');
    await gitIn(join(thread.path, 'nested'), ...identity, 'commit', '--quiet', '-m', 'nested');
    const commit = await gitIn(join(thread.path, 'nested'), 'rev-parse', 'HEAD');
    const rescue = await rescuer.remove(thread);
    await rescuer.restore(rescue, thread);
    expect(await gitIn(join(thread.path, 'nested'), 'rev-parse', 'HEAD')).toBe(commit);
    expect(await gitIn(join(thread.path, 'nested'), 'status', '--porcelain')).toBe('');
  });

  test('a submodule comes back with its commits, and git works in it', async ({ onTestFinished }) => {
    const { thread, rescuer, repository } = await open(onTestFinished);
    const inner = await MergeFixture.create();
    onTestFinished(() => inner.repository.dispose());
    const local = ['-c', 'protocol.file.allow=always'];
    await gitIn(thread.path, ...local, 'submodule', '--quiet', 'add', inner.root, 'sub');
    await gitIn(thread.path, ...identity, 'commit', '--quiet', '-m', 'Add sub');
    const sub = join(thread.path, 'sub');
    const work = await inner.commit(sub, { 'in-sub.txt': 'work\n' });
    await writeIn(sub, 'README.md', 'uncommitted\n');
    const rescue = await rescuer.remove(thread);
    await rescuer.restore(rescue, thread);
    expect(await gitIn(sub, 'rev-parse', 'HEAD')).toBe(work);
    expect(await gitIn(sub, 'status', '--porcelain')).toBe('M README.md'.padStart(12));
    expect(await gitIn(thread.path, 'status', '--porcelain')).toBe(' M sub');
    await repository.fsck();
  });

  test('a worktree whose folder was deleted by hand keeps its commits and what was staged', async ({
    onTestFinished,
  }) => {
    const { thread, rescuer, reviewed } = await open(onTestFinished);
    await writeIn(thread.path, 'staged.txt', 'staged\n');
    await gitIn(thread.path, 'add', 'staged.txt');
    execFileSync('rm', ['-rf', thread.path]);
    const rescue = await rescuer.remove(thread);
    expect(rescue.head).toBe(reviewed);
    await rescuer.restore(rescue, thread);
    expect(await statusOf(thread.path)).toBe('A  staged.txt');
    expect(await readFile(join(thread.path, 'staged.txt'), 'utf8')).toBe('staged\n');
  });

  test('a branch that a person moved or checked out elsewhere stays theirs', async ({ onTestFinished }) => {
    const { thread, rescuer, repository, reviewed } = await open(onTestFinished);
    await repository.git('worktree', 'add', '--quiet', '--force', join(repository.folder, 'mine'), thread.branch);
    await rescuer.remove(thread);
    expect(await repository.commitOf(thread.branch)).toBe(reviewed);
    expect((await repository.git('for-each-ref', 'refs/muster')).split('\n')).toHaveLength(1);
  });

  test('a folder that is no worktree is not removed', async ({ onTestFinished }) => {
    const { rescuer, root, repository } = await open(onTestFinished);
    const path = join(repository.folder, 'plain');
    await writeIn(path, 'mine.txt', 'mine\n');
    const removed = rescuer.remove({ repository: root, path, branch: 'muster/none' });
    await expect(removed).rejects.toMatchObject({ code: 'worktree.missing' });
    expect(await readFile(join(path, 'mine.txt'), 'utf8')).toBe('mine\n');
  });
});
