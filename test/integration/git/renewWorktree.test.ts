import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gitIn, writeIn } from '../../support/gitRepository.js';
import { MergeFixture } from './mergeFixture.js';

const keepAs = 'refs/muster/aside/run';

describe('a worktree whose work has landed is brought to its target', () => {
  let merge: MergeFixture;
  beforeEach(async () => {
    merge = await MergeFixture.create();
  });
  afterEach(() => merge.repository.dispose());

  const renewed = async (at: string) => await merge.worktrees.renew(merge.thread, { at, keepAs });

  test('whatever shape it landed in, and what it was is kept', async () => {
    const at = await merge.commit(merge.root, { 'other.txt': 'theirs\n', 'src/a.txt': 'squashed\n' });
    await renewed(at);
    const { path, branch } = merge.thread;
    expect(await gitIn(path, 'rev-parse', 'HEAD', branch)).toBe(`${at}\n${at}`);
    expect(await gitIn(path, 'status', '--porcelain')).toBe('');
    expect(await gitIn(path, 'branch', '--show-current')).toBe(branch);
    expect(await gitIn(path, 'rev-parse', keepAs)).toBe(merge.reviewed);
    // Asked for again by the next host.
    await renewed(at);
    expect(await gitIn(path, 'rev-parse', 'HEAD')).toBe(at);
  });

  test('not where an ignored file would be replaced, or something that is not committed', async () => {
    const { path } = merge.thread;
    await writeIn(path, 'key.secret', 'mine\n');
    await writeIn(merge.root, 'key.secret', 'theirs\n');
    await gitIn(merge.root, 'add', '--force', 'key.secret');
    const at = await merge.commit(merge.root, { 'other.txt': 'theirs\n' });
    await expect(renewed(at)).rejects.toMatchObject({ code: 'worktree.failed' });
    expect(await gitIn(path, 'rev-parse', 'HEAD')).toBe(merge.reviewed);
    await gitIn(merge.root, 'rm', '--quiet', 'key.secret');
    const without = await merge.commit(merge.root, { 'src/a.txt': 'theirs\n' });
    await writeIn(path, 'src/a.txt', 'not committed\n');
    await expect(renewed(without)).rejects.toThrow();
    expect(await gitIn(path, 'rev-parse', 'HEAD')).toBe(merge.reviewed);
    expect(await gitIn(path, 'status', '--porcelain')).toContain('src/a.txt');
  });

  test('not where a submodule is another one there', async () => {
    const link = `160000,${merge.base},vendor`;
    await gitIn(merge.root, 'update-index', '--add', '--cacheinfo', link);
    await gitIn(merge.root, '-c', 'user.name=A', '-c', 'user.email=a@b.c', 'commit', '--quiet', '--message', 'Link');
    const at = await gitIn(merge.root, 'rev-parse', 'HEAD');
    await expect(renewed(at)).rejects.toMatchObject({ code: 'worktree.failed' });
    expect(await gitIn(merge.thread.path, 'rev-parse', 'HEAD')).toBe(merge.reviewed);
  });
});
