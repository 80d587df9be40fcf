import { readFile, symlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HandMergeDriver } from '../../../src/core/merges/handMerge.js';
import { createHandMergeDriver } from '../../../src/drivers/git/merge/handMerge.js';
import { gitIn, lines, writeIn } from '../../support/gitRepository.js';
import { MergeFixture } from './mergeFixture.js';

const request = { target: 'main', message: "Merge branch 'main'" };

describe('a merge that a person ends in the worktree', () => {
  let merge: MergeFixture;
  let hand: HandMergeDriver;
  beforeEach(async () => {
    merge = await MergeFixture.create();
    hand = createHandMergeDriver(merge.options);
  });
  afterEach(() => merge.repository.dispose());

  const conflict = () => merge.commit(merge.root, { 'src/a.txt': lines('a').replace('a 0', 'a nothing') });

  test('stops at the conflicts, names the three sides, and has both when it is resolved', async () => {
    const theirs = await conflict();
    const found = await hand.begin(merge.thread, request);
    expect(found).toEqual({
      ours: merge.reviewed,
      theirs,
      base: merge.base,
      files: ['src/a.txt'],
      others: [],
    });
    const { path } = merge.thread;
    await expect(hand.finish(merge.thread)).rejects.toMatchObject({
      code: 'worktree.unfinished',
      data: { files: ['src/a.txt'] },
    });
    // Begun again (another window, a reload), it goes on.
    expect(await hand.begin(merge.thread, request)).toEqual(found);
    await writeIn(path, 'src/a.txt', lines('a').replace('a 0', 'a both'));
    const head = await hand.finish(merge.thread);
    expect(await gitIn(path, 'log', '-1', '--format=%P', head)).toBe(`${merge.reviewed} ${theirs}`);
    expect(await gitIn(path, 'status', '--porcelain')).toBe('');
    expect(await gitIn(path, 'branch', '--show-current')).toBe(merge.thread.branch);
    await merge.assertNothingLost();
  });

  test('a file that has neither change is not resolved, unless git was told that it is', async () => {
    await conflict();
    await hand.begin(merge.thread, request);
    const { path } = merge.thread;
    // What a merge editor leaves that is closed with its conflicts.
    await writeIn(path, 'src/a.txt', lines('a'));
    await expect(hand.finish(merge.thread)).rejects.toMatchObject({
      code: 'worktree.unfinished',
      message: expect.stringContaining('src/a.txt is as it was before either side changed it') as string,
      data: { files: ['src/a.txt'] },
    });
    await gitIn(path, 'add', 'src/a.txt');
    await hand.finish(merge.thread);
    expect(await readFile(join(path, 'src/a.txt'), 'utf8')).toBe(lines('a'));
  });

  test('given up, the worktree is what it was', async () => {
    await conflict();
    await hand.begin(merge.thread, request);
    await hand.abandon(merge.thread);
    expect(await gitIn(merge.thread.path, 'rev-parse', 'HEAD')).toBe(merge.reviewed);
    expect(await gitIn(merge.thread.path, 'status', '--porcelain')).toBe('');
    await expect(hand.abandon(merge.thread)).rejects.toMatchObject({ code: 'worktree.failed' });
    await expect(hand.finish(merge.thread)).rejects.toMatchObject({ code: 'worktree.failed' });
  });

  test('without a conflict it is done at once', async () => {
    await merge.commit(merge.root, { 'other.txt': 'theirs\n' });
    expect(await hand.begin(merge.thread, request)).toBeUndefined();
    expect(await readFile(join(merge.thread.path, 'other.txt'), 'utf8')).toBe('theirs\n');
  });

  test('never touches uncommitted or ignored work', async () => {
    await merge.commit(merge.root, { 'other.txt': 'theirs\n' });
    await writeIn(merge.thread.path, 'mine.txt', 'mine\n');
    await expect(hand.begin(merge.thread, request)).rejects.toMatchObject({ code: 'worktree.failed' });
    await rm(join(merge.thread.path, 'mine.txt'));
    await writeIn(merge.thread.path, 'my.secret', 'secret\n');
    await merge.repository.git('add', '--all');
    await writeIn(merge.root, 'my.secret', 'theirs\n');
    await merge.repository.git('add', '--force', 'my.secret');
    await merge.repository.git('commit', '--quiet', '-m', 'Secret');
    await expect(hand.begin(merge.thread, request)).rejects.toMatchObject({ code: 'worktree.failed' });
    expect(await readFile(join(merge.thread.path, 'my.secret'), 'utf8')).toBe('secret\n');
  });

  test('a link and a deleted file are named apart: nothing is written through a link', async () => {
    const { path } = merge.thread;
    await rm(join(path, 'src/b.txt'));
    await symlink('/etc/passwd', join(path, 'src/b.txt'));
    await rm(join(path, 'main.txt'));
    await gitIn(path, 'add', '--all');
    await gitIn(path, '-c', 'user.name=A', '-c', 'user.email=a@b.c', 'commit', '--quiet', '-m', 'Link');
    await merge.commit(merge.root, { 'src/b.txt': 'changed\n', 'main.txt': 'changed\n' });
    const found = await hand.begin(merge.thread, request);
    expect(found?.files).toEqual([]);
    expect(found?.others).toContain('main.txt');
    // What lies there was chosen by nobody.
    await expect(hand.finish(merge.thread)).rejects.toMatchObject({ code: 'worktree.unfinished' });
    await gitIn(path, 'rm', '--quiet', '--force', ...(found?.others ?? []));
    await hand.finish(merge.thread);
    expect(await gitIn(path, 'ls-files')).not.toContain('main.txt');
  });
});
