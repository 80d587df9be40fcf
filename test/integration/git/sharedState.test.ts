import { mkdtemp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { gitIn, writeIn } from '../../support/gitRepository.js';
import { interposedGit, quoted } from '../../support/interposedGit.js';
import { MergeFixture } from './mergeFixture.js';

/** A thread in the repository of a person who has two stashes, branches, a tag and settings. */
async function shared() {
  const fixture = await MergeFixture.create();
  onTestFinished(() => fixture.repository.dispose());
  const { repository, root } = fixture;
  for (const name of ['first', 'second']) {
    await writeIn(root, 'main.txt', `${name}\n`);
    await repository.git('stash', 'push', '--quiet', '-m', name);
  }
  await repository.git('branch', 'feature');
  await repository.git('tag', 'v1');
  await repository.git('config', 'alias.mine', 'status');
  const before = await fixture.worktrees.sharedState(fixture.thread);
  return { fixture, before, path: fixture.thread.path, repository };
}

/** A driver whose git commands that match are counted. */
async function counting(when: string) {
  const fixture = await MergeFixture.create();
  onTestFinished(() => fixture.repository.dispose());
  const { repository, root } = fixture;
  const folder = await mkdtemp(join(repository.folder, 'counted-'));
  const file = join(folder, 'count');
  const binary = await interposedGit(folder, { when, before: `echo . >>${quoted(file)}`, always: true });
  const worktrees = createGitWorktreeDriver({ ...fixture.options, binary });
  const count = async (): Promise<number> => (await readFile(file, 'utf8').catch(() => '')).split('\n').length - 1;
  return { fixture, repository, root, worktrees, count };
}

describe("the person's stash, branches, tags and settings", () => {
  test('that an agent left alone give nothing to tell, nor do commits of the person meanwhile', async () => {
    const { fixture, before, path, repository } = await shared();
    await writeIn(path, 'more.txt', 'more\n');
    await fixture.worktrees.snapshot(fixture.thread, 'Work');
    await gitIn(path, 'sparse-checkout', 'set', 'src');
    await repository.commit({ 'mine.txt': 'mine\n' });
    await repository.git('branch', 'new');
    const own = { ...before, refs: before.refs.filter(([ref]) => !ref.endsWith(fixture.thread.branch)) };
    expect(await fixture.worktrees.sharedChanges(fixture.thread, own)).toEqual([]);
  });

  test('that an agent took, moved or set are told, and put back as they were', async () => {
    const { fixture, before, path, repository } = await shared();
    const stashes = await repository.git('stash', 'list', '--format=%H %gs');
    await gitIn(path, 'stash', 'pop', '--quiet', 'stash@{1}');
    await gitIn(path, 'stash', 'drop', '--quiet');
    await gitIn(path, 'branch', '-D', 'feature');
    await gitIn(path, 'tag', '--force', 'v1', fixture.reviewed);
    await gitIn(path, 'config', '--unset', 'alias.mine');
    await gitIn(path, 'config', 'core.hooksPath', '/somewhere');

    const changes = await fixture.worktrees.sharedChanges(fixture.thread, before);
    expect(
      changes.map(change =>
        change.kind === 'stash' ? change.message : change.kind === 'ref' ? change.ref : change.key,
      ),
    ).toEqual([
      'On main: second',
      'On main: first',
      'refs/heads/feature',
      'refs/tags/v1',
      'alias.mine',
      'core.hookspath',
    ]);
    expect(await fixture.worktrees.undoShared(fixture.thread, changes)).toEqual([]);
    expect(await repository.git('stash', 'list', '--format=%H %gs')).toBe(stashes);
    expect(await fixture.worktrees.sharedState(fixture.thread)).toMatchObject({
      refs: before.refs,
      stash: before.stash,
    });
    expect(await repository.git('config', '--get', 'alias.mine')).toBe('status');
    await expect(repository.git('config', '--get', 'core.hooksPath')).rejects.toThrow();
    // Asked again, there is nothing to do and nothing is doubled.
    await fixture.worktrees.undoShared(fixture.thread, changes);
    expect(await repository.git('stash', 'list', '--format=%H %gs')).toBe(stashes);
  });

  test('a branch that is checked out is not moved under anyone', async () => {
    const { fixture, before, path } = await shared();
    await gitIn(path, 'update-ref', 'refs/heads/main', `${fixture.base}~1`);
    const changes = await fixture.worktrees.sharedChanges(fixture.thread, before);
    expect(changes).toMatchObject([{ kind: 'ref', ref: 'refs/heads/main' }]);
    expect(await fixture.worktrees.undoShared(fixture.thread, changes)).toEqual(changes);
  });
});

describe("what git's own files say", () => {
  test.each([
    ['loose', []],
    ['packed', ['pack-refs', '--all', '--no-prune']],
    ['packed and pruned', ['pack-refs', '--all']],
  ])('is what git says, and no process is started for it (%s refs)', async (_name, pack) => {
    const { fixture, repository, root, worktrees, count } = await counting('*');
    await repository.git('branch', 'a/nested/one');
    await repository.git('tag', '-a', '-m', 'Annotated', 'v2');
    if (pack.length > 0) await repository.git(...pack);
    await repository.git('branch', '--force', 'a/nested/one', fixture.reviewed);
    await writeIn(root, 'main.txt', 'put away\n');
    await repository.git('stash', 'push', '--quiet', '-m', 'mine: a colon\tand a tab');
    // The first one finds the repository.
    await worktrees.sharedState(fixture.thread);
    const before = await count();
    const state = await worktrees.sharedState(fixture.thread, new Set(['refs/heads/main']));
    expect(await count()).toBe(before);
    const format = '%(refname) %(objectname)';
    const refs = await repository.git('for-each-ref', `--format=${format}`, 'refs/heads', 'refs/tags');
    expect(state.refs.map(([ref, object]) => `${ref} ${object}`)).toEqual(
      refs.split('\n').filter(line => !line.startsWith('refs/heads/main ')),
    );
    const stash = await repository.git('stash', 'list', '--format=%H %gs');
    expect(state.stash.map(({ commit, message }) => `${commit} ${message}`)).toEqual(stash.split('\n'));
  });

  test('is not believed where it is more than git writes: then git is asked', async () => {
    const { fixture, root, worktrees, count } = await counting('*for-each-ref*');
    await symlink(join(root, '.git', 'refs', 'heads', 'main'), join(root, '.git', 'refs', 'heads', 'linked'));
    const { refs } = await worktrees.sharedState(fixture.thread);
    expect(await count()).toBe(1);
    expect(refs.map(([ref]) => ref)).toContain('refs/heads/main');
  });
});

describe('git processes of many runs', () => {
  test('that begin together look at what they share once and once more', async () => {
    const { fixture, worktrees, count } = await counting('*for-each-ref*');
    // Only git knows what such a branch names.
    await fixture.repository.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    const states = await Promise.all(Array.from({ length: 20 }, () => worktrees.sharedState(fixture.thread)));
    expect(await count()).toBe(2);
    expect(states.map(({ refs }) => refs)).toEqual(states.map(() => states[0]?.refs));
    await fixture.repository.git('branch', 'later');
    const { refs } = await worktrees.sharedState(fixture.thread);
    expect(refs.map(([ref]) => ref)).toContain('refs/heads/later');
  });

  test('that changed nothing are compared with their target without one', async () => {
    const { fixture, worktrees, count } = await counting('*merge-base*');
    const { base, reviewed, thread } = fixture;
    expect(await worktrees.comparison(thread, { head: base, target: 'main', base })).toBe(base);
    expect(await count()).toBe(0);
    await fixture.repository.git('pack-refs', '--all');
    expect(await worktrees.comparison(thread, { head: base, target: 'main', base })).toBe(base);
    expect(await worktrees.comparison(thread, { head: reviewed, target: 'main', base })).toBe(base);
    expect(await count()).toBe(2);
  });
});
