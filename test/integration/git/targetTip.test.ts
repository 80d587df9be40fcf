import { expect, onTestFinished, test } from 'vitest';
import { MergeFixture } from './mergeFixture.js';

test('where a branch is comes from its file where that is simple, else from git, and never from what somebody wrote into it', async () => {
  const fixture = await MergeFixture.create();
  onTestFinished(() => fixture.repository.dispose());
  const { repository, worktrees, thread, reviewed, base } = fixture;
  expect(await worktrees.tipOf(thread, 'main')).toBe(base);
  expect(await worktrees.tipOf(thread, 'nowhere')).toBeUndefined();
  await repository.git('pack-refs', '--all');
  expect(await worktrees.tipOf(thread, 'main')).toBe(base);
  await repository.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
  expect(await worktrees.tipOf(thread, 'alias')).toBe(base);
  // Were it believed, it would be a word of git's command line.
  await repository.write('.git/refs/heads/bad', '--output=/tmp/muster-was-here\n');
  expect(await worktrees.tipOf(thread, 'bad')).toBeUndefined();
  expect(await worktrees.conflicts(thread, { head: reviewed, target: 'bad' })).toEqual({ kind: 'unknown' });
  expect(await worktrees.conflicts(thread, { head: reviewed, target: 'main' })).toMatchObject({
    kind: 'known',
    targetCommit: base,
    files: [],
  });
});
