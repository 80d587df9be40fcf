import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseId, type MergeId } from '../../src/base/ids.js';
import type { LandedMerge, MergeOutcome, MergeRequest } from '../../src/core/merges/mergeDriver.js';
import { performMerge } from '../../src/core/merges/performMerge.js';
import type { WorktreeRef } from '../../src/core/workspaces/worktreeDriver.js';
import { lines } from '../support/gitRepository.js';
import { gitsUnderTest, type GitUnderTest } from './gitUnderTest.js';

const signal = new AbortController().signal;
const [first, second] = ['0000000000m1', '0000000000m2'].map(id => parseId<'merge'>(id)) as [MergeId, MergeId];

describe.each(gitsUnderTest)('merges of %s', (_, open) => {
  let git: GitUnderTest;
  let ref: WorktreeRef;
  let base: string;
  let reviewed: string;
  beforeEach(async () => {
    git = await open();
    ref = git.worktree('one');
    base = (await git.worktrees.create(ref, signal)).head;
    reviewed = await git.commit(ref.path, { 'src/a.txt': lines('changed') });
  });
  afterEach(() => git.dispose());

  function merge(change: Partial<MergeRequest> = {}): Promise<MergeOutcome> {
    const request = { id: first, worktree: ref, commit: reviewed, target: 'main', message: 'Do the task' };
    return performMerge(git.merges, { ...request, baseCommit: base, strategy: 'merge', ...change }, signal);
  }

  test('a merge has both sides as parents, and the checkout of the target has the files', async () => {
    const theirs = await git.commit(git.root, { 'src/b.txt': lines('theirs') });
    const outcome = await merge();
    const head = await git.headOf('main');
    expect(outcome).toEqual({ kind: 'merged', commit: head });
    expect(await git.parentsOf(head!)).toEqual([theirs, reviewed]);
    expect(await git.read(`${git.root}/src/a.txt`)).toBe(lines('changed'));
    expect(await git.read(`${git.root}/src/b.txt`)).toBe(lines('theirs'));
  });

  test('a squash has one parent', async () => {
    const outcome = await merge({ strategy: 'squash' });
    const head = await git.headOf('main');
    expect(outcome).toEqual({ kind: 'merged', commit: head });
    expect(await git.parentsOf(head!)).toEqual([base]);
  });

  test('a rebase replays the thread’s commits on the target and leaves its branch alone', async () => {
    const theirs = await git.commit(git.root, { 'src/b.txt': lines('theirs') });
    const second = await git.commit(ref.path, { 'README.md': 'second\n' });
    const outcome = await merge({ strategy: 'rebase', commit: second });
    const head = await git.headOf('main');
    expect(outcome).toEqual({ kind: 'merged', commit: head });
    const [before] = await git.parentsOf(head!);
    expect(await git.parentsOf(before!)).toEqual([theirs]);
    expect(await git.headOf(ref.branch)).toBe(second);
    expect(await git.read(`${git.root}/src/a.txt`)).toBe(lines('changed'));
    expect(await git.read(`${git.root}/src/b.txt`)).toBe(lines('theirs'));
    expect(await git.read(`${git.root}/README.md`)).toBe('second\n');
  });

  test('a target that is checked out in another worktree moves there', async () => {
    const release = git.worktree('release');
    await git.worktrees.create(release, signal);
    expect(await merge({ target: release.branch })).toMatchObject({ kind: 'merged' });
    expect(await git.read(`${release.path}/src/a.txt`)).toBe(lines('changed'));
    expect(await git.headOf('main')).toBe(base);
  });

  test('asking again with the same id answers the same; with another id there is nothing left', async () => {
    const answer = await merge();
    expect(await merge()).toEqual(answer);
    expect(await merge({ id: second })).toMatchObject({ kind: 'blocked', reason: 'nothing_to_merge' });
  });

  test('a conflict names its files and moves nothing', async () => {
    const theirs = await git.commit(git.root, { 'src/a.txt': lines('theirs') });
    expect(await merge()).toMatchObject({ kind: 'conflicted', files: ['src/a.txt'] });
    expect(await git.headOf('main')).toBe(theirs);
    expect(await git.read(`${git.root}/src/a.txt`)).toBe(lines('theirs'));
  });

  test('work that was not reviewed blocks', async () => {
    await git.write(`${ref.path}/later.txt`, 'later\n');
    expect(await merge()).toMatchObject({ kind: 'blocked', reason: 'changed_since_review', files: ['later.txt'] });
    const { head } = await git.worktrees.snapshot(ref, 'Later');
    const refused = await merge();
    expect(refused).toMatchObject({ kind: 'blocked', reason: 'changed_since_review' });
    // What a person reads has no forty digits.
    expect(refused).not.toMatchObject({ message: expect.stringMatching(/[0-9a-f]{12}/) });
    expect(await git.headOf('main')).toBe(base);
    expect(await merge({ commit: head })).toMatchObject({ kind: 'merged' });
  });

  test('edits of the same file block with its name and stay', async () => {
    await git.write(`${git.root}/src/a.txt`, 'my edit\n');
    expect(await merge()).toMatchObject({ kind: 'blocked', reason: 'target_has_edits', files: ['src/a.txt'] });
    expect(await git.headOf('main')).toBe(base);
    expect(await git.read(`${git.root}/src/a.txt`)).toBe('my edit\n');
  });

  test('edits elsewhere stay and do not block', async () => {
    await git.write(`${git.root}/README.md`, 'my edit\n');
    await git.write(`${git.root}/mine.txt`, 'mine\n');
    expect(await merge()).toMatchObject({ kind: 'merged' });
    expect(await git.read(`${git.root}/README.md`)).toBe('my edit\n');
    expect(await git.read(`${git.root}/mine.txt`)).toBe('mine\n');
    expect(await git.read(`${git.root}/src/a.txt`)).toBe(lines('changed'));
  });

  describe('taken back', () => {
    const undoId = parseId<'merge'>('0000000000m3');
    let landed = '';

    async function undo(): Promise<LandedMerge> {
      const request = { id: undoId, repository: git.root, target: 'main', message: 'Revert it' };
      return await git.merges.undo({ ...request, from: base, to: landed }, signal);
    }

    beforeEach(async () => {
      expect(await merge()).toMatchObject({ kind: 'merged' });
      landed = (await git.headOf('main')) ?? '';
    });

    test('with nothing on top: the target is where it was, with its checkout, and can be merged again', async () => {
      await git.write(`${git.root}/mine.txt`, 'mine\n');
      await git.write(`${git.root}/README.md`, 'my edit\n');
      expect(await undo()).toEqual({ kind: 'merged', commit: base });
      expect(await git.headOf('main')).toBe(base);
      expect(await git.read(`${git.root}/src/a.txt`)).toBe(lines('a'));
      expect(await git.read(`${git.root}/mine.txt`)).toBe('mine\n');
      expect(await git.read(`${git.root}/README.md`)).toBe('my edit\n');
      expect(await merge({ id: second })).toMatchObject({ kind: 'merged' });
    });

    test('with more on top: a commit reverts it and nothing else', async () => {
      const later = await git.commit(git.root, { 'src/b.txt': lines('later') });
      const outcome = await undo();
      const head = await git.headOf('main');
      expect(outcome).toEqual({ kind: 'merged', commit: head });
      expect(await git.parentsOf(head!)).toEqual([later]);
      expect(await git.read(`${git.root}/src/a.txt`)).toBe(lines('a'));
      expect(await git.read(`${git.root}/src/b.txt`)).toBe(lines('later'));
    });

    test('edits of its files and changes on top of them keep it from happening', async () => {
      await git.write(`${git.root}/src/a.txt`, 'my edit\n');
      expect(await undo()).toMatchObject({ kind: 'blocked', reason: 'target_has_edits', files: ['src/a.txt'] });
      expect(await git.read(`${git.root}/src/a.txt`)).toBe('my edit\n');
      expect(await git.headOf('main')).toBe(landed);
      const later = await git.commit(git.root, { 'src/a.txt': lines('later') });
      expect(await undo()).toMatchObject({ kind: 'conflicted', files: ['src/a.txt'] });
      expect(await git.headOf('main')).toBe(later);
    });
  });

  describe('a thread’s branch brought up to its target', () => {
    const updating = parseId<'merge'>('0000000000m4');
    const update = (): Promise<LandedMerge> =>
      git.merges.update({ id: updating, worktree: ref, head: reviewed, target: 'main', message: 'Merge main' }, signal);

    test('has both sides, in its worktree too', async () => {
      const theirs = await git.commit(git.root, { 'src/b.txt': lines('theirs') });
      const outcome = await update();
      const head = await git.headOf(ref.branch);
      expect(outcome).toEqual({ kind: 'merged', commit: head });
      expect(await git.parentsOf(head!)).toEqual([reviewed, theirs]);
      expect(await git.read(`${ref.path}/src/b.txt`)).toBe(lines('theirs'));
      expect(await git.read(`${ref.path}/src/a.txt`)).toBe(lines('changed'));
      expect(await git.headOf('main')).toBe(theirs);
    });

    test('is where the target is when it was merged there and has nothing more', async () => {
      expect(await merge()).toMatchObject({ kind: 'merged' });
      const landed = await git.headOf('main');
      expect(await update()).toEqual({ kind: 'merged', commit: landed });
      expect(await git.headOf(ref.branch)).toBe(landed);
      expect(await git.read(`${ref.path}/src/a.txt`)).toBe(lines('changed'));
    });

    test('is left as it is when it has everything, or when both changed the same', async () => {
      expect(await update()).toMatchObject({ kind: 'blocked', reason: 'nothing_to_merge' });
      await git.commit(git.root, { 'src/a.txt': lines('theirs') });
      expect(await update()).toMatchObject({ kind: 'conflicted', files: ['src/a.txt'] });
      expect(await git.headOf(ref.branch)).toBe(reviewed);
      expect(await git.read(`${ref.path}/src/a.txt`)).toBe(lines('changed'));
    });
  });

  test('nothing to merge, no target, no worktree', async () => {
    expect(await merge({ target: 'nowhere' })).toMatchObject({ kind: 'blocked', reason: 'target_missing' });
    const idle = git.worktree('idle');
    const { head } = await git.worktrees.create(idle, signal);
    const nothing = await merge({ worktree: idle, commit: head, baseCommit: head });
    expect(nothing).toMatchObject({ kind: 'blocked', reason: 'no_commits' });
    await git.rescuer.remove(ref);
    expect(await merge()).toMatchObject({ kind: 'blocked', reason: 'worktree_missing' });
    expect(await git.headOf('main')).toBe(base);
  });

  test('an aborted merge changes nothing', async () => {
    const request = {
      id: first,
      worktree: ref,
      commit: reviewed,
      target: 'main',
      strategy: 'merge',
      message: 'x',
    } as const;
    await expect(performMerge(git.merges, request, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(await git.headOf('main')).toBe(base);
  });
});
