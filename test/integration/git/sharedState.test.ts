import { mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGitRescueDriver } from '../../../src/drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import type { SharedChange } from '../../../src/core/workspaces/sharedState.js';
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
        change.kind === 'stash'
          ? change.message
          : change.kind === 'ref'
            ? change.ref
            : change.kind === 'config'
              ? change.key
              : change.path,
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

describe("the person's own checkout", () => {
  /** A person who has edited a file, and what a run pinned then. */
  async function edited() {
    const fixture = await MergeFixture.create();
    onTestFinished(() => fixture.repository.dispose());
    const { repository, root, worktrees, thread, options } = fixture;
    await mkdir(options.stateDir);
    await repository.commit({ 'second.txt': 'second\n' });
    await repository.git('branch', 'other', 'HEAD~1');
    await writeIn(root, 'main.txt', 'edited by hand\n');
    await writeIn(root, 'second.txt', 'staged by hand\n');
    await repository.git('add', 'second.txt');
    const before = await worktrees.sharedState(thread);
    const changed = async (): Promise<readonly SharedChange[]> =>
      (await worktrees.sharedChanges(thread, before)).filter(({ kind }) => kind === 'edits' || kind === 'checkout');
    const putBack = async (): Promise<readonly SharedChange[]> => worktrees.undoShared(thread, await changed());
    const texts = async () => Promise.all(['main.txt', 'second.txt'].map(path => readFile(join(root, path), 'utf8')));
    const look = () => worktrees.sharedState(thread);
    return { repository, root, thread, options, before, look, changed, putBack, texts };
  }

  test.for([
    ['resets it', ['reset', '--quiet', '--hard'], false],
    ['puts its edits on the stash', ['stash', 'push', '--quiet'], true],
    ['throws its edits away', ['checkout', '--quiet', 'HEAD', '--', '.'], false],
  ] as const)('an agent that %s is told, and the edits come back', async ([, args, stashed]) => {
    const { repository, changed, putBack, texts, root } = await edited();
    await repository.git(...args);
    expect(await changed()).toMatchObject([{ kind: 'edits', path: root, files: ['main.txt', 'second.txt'], stashed }]);
    // Git's own tidying does not take them before that.
    await repository.git('gc', '--quiet', '--prune=now');
    expect(await putBack()).toEqual([]);
    expect(await texts()).toEqual(['edited by hand\n', 'staged by hand\n']);
    expect(await changed()).toEqual([]);
  });

  test('edits that were kept are let go of by name', async () => {
    const { repository, changed, thread, options, before } = await edited();
    const rescues = createGitRescueDriver(options);
    expect(await rescues.asides(thread)).toEqual([]);
    await repository.git('reset', '--quiet', '--hard');
    await changed();
    const [aside, ...more] = await rescues.asides(thread);
    expect(aside).toMatchObject({
      commit: before.checkout?.kept,
      ref: expect.stringContaining('refs/muster/checkout/'),
    });
    expect(more).toEqual([]);
    await rescues.dropAside(thread, 'refs/heads/main');
    await rescues.dropAside(thread, aside?.ref ?? '');
    expect(await rescues.asides(thread)).toEqual([]);
    expect(await repository.commitOf('main')).toBe(before.checkout?.commit);
  });

  test('work of readers, and of runs that began again, is let go of; what others put beside it is not', async () => {
    const { repository, thread, options } = await edited();
    const rescues = createGitRescueDriver(options);
    const [run, other] = ['h8n4c6v2b5zd', 'k8n4c6v2b5zd'];
    const names = [run, `${run}-${other}`, `${run}-mine`, `${run}-${other}-${run}`, 'mine', `${run}-`];
    for (const name of names) await repository.git('update-ref', `refs/muster/aside/${name}`, 'HEAD');
    expect((await rescues.asides(thread)).map(aside => [aside.ref, aside.run])).toEqual(
      [run, `${run}-${other}`].map(name => [`refs/muster/aside/${name}`, run]),
    );
  });

  test('an agent that switches its branch is told, and the branch comes back with the edits', async () => {
    const { repository, changed, putBack, texts } = await edited();
    await repository.git('checkout', '--quiet', '--force', 'other');
    expect(await changed()).toMatchObject([
      { kind: 'edits', files: ['main.txt', 'second.txt'] },
      { kind: 'checkout', before: 'refs/heads/main', now: 'refs/heads/other' },
    ]);
    expect(await putBack()).toEqual([]);
    expect(await repository.git('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(await texts()).toEqual(['edited by hand\n', 'staged by hand\n']);
  });

  test('what the person goes on with is not told: more edits, commits of them, and new ones', async () => {
    const { repository, root, changed } = await edited();
    await writeIn(root, 'main.txt', 'edited further\n');
    expect(await changed()).toEqual([]);
    await repository.git('commit', '--quiet', '-am', 'Mine, in another form than it was pinned');
    await writeIn(root, 'main.txt', 'and again\n');
    await writeIn(root, 'new.txt', 'new\n');
    expect(await changed()).toEqual([]);
  });

  test('nothing is written over that the person has edited since, and a branch that they chose stays', async () => {
    const { repository, root, changed, putBack } = await edited();
    await repository.git('reset', '--quiet', '--hard');
    const told = await changed();
    await writeIn(root, 'main.txt', 'begun anew\n');
    await repository.git('checkout', '--quiet', '-b', 'mine');
    expect(await putBack()).toEqual([]);
    expect(told).toHaveLength(1);
    expect(await readFile(join(root, 'main.txt'), 'utf8')).toBe('begun anew\n');
    expect(await readFile(join(root, 'second.txt'), 'utf8')).toBe('staged by hand\n');
  });

  test('is looked at once for runs that begin together, and not at all after one that left it alone', async () => {
    const { fixture, worktrees, count } = await counting('*status*');
    await mkdir(fixture.options.stateDir, { recursive: true });
    const states = await Promise.all(Array.from({ length: 20 }, () => worktrees.sharedState(fixture.thread)));
    expect(states[0]?.checkout).toMatchObject({ head: 'refs/heads/main', edited: [] });
    expect(await count()).toBe(1);
    const [before] = states;
    expect(before && (await worktrees.sharedChanges(fixture.thread, before))).toEqual([]);
    expect(await count()).toBe(1);
  });

  test('looking at it changes nothing there, and keeps the same edits once', async () => {
    const { repository, before, root, look } = await edited();
    const index = await readFile(join(root, '.git/index'));
    expect(await look()).toEqual(before);
    expect(before.checkout).toMatchObject({ path: root, head: 'refs/heads/main', edited: ['main.txt', 'second.txt'] });
    expect(await readFile(join(root, '.git/index'))).toEqual(index);
    expect(await repository.git('for-each-ref', 'refs/muster')).toBe('');
  });
});

test('a git directory that an agent registered for the checkout is not taken for its own', async () => {
  const { fixture, repository, root, worktrees } = await counting('*status*');
  const forged = join(root, '.git', 'worktrees', 'forged');
  await mkdir(forged, { recursive: true });
  await writeIn(forged, 'gitdir', `${join(root, '.git')}\n`);
  await writeIn(forged, 'commondir', '../..\n');
  await writeIn(forged, 'HEAD', 'ref: refs/heads/feature\n');
  await repository.git('branch', 'feature');
  const { checkout } = await worktrees.sharedState(fixture.thread);
  expect(checkout).toMatchObject({ path: root, head: 'refs/heads/main' });
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

  test('is read without a process also where much was kept', async () => {
    const { fixture, repository, worktrees, count } = await counting('*');
    const commands = Array.from({ length: 200 }, (_, n) => `refs/muster/rescue/task-${n}`);
    for (const ref of commands) await repository.write(`.git/${ref}`, `${fixture.base}\n`);
    await worktrees.sharedState(fixture.thread);
    const before = await count();
    const { refs } = await worktrees.sharedState(fixture.thread);
    expect(await count()).toBe(before);
    expect(refs.filter(([ref]) => ref.startsWith('refs/muster/rescue/'))).toHaveLength(200);
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
  test('that begin together share what they look at', async () => {
    const { fixture, worktrees, count } = await counting('*for-each-ref*');
    // Only git knows what such a branch names.
    await fixture.repository.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    const states = await Promise.all(Array.from({ length: 20 }, () => worktrees.sharedState(fixture.thread)));
    // Once, and once more for those that asked while it was being read; a slow machine lets some ask later still.
    expect(await count()).toBeLessThan(10);
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
