import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gitsUnderTest, type GitUnderTest } from './gitUnderTest.js';

const signal = new AbortController().signal;

describe.each(gitsUnderTest)('worktrees of %s', (_, open) => {
  let git: GitUnderTest;
  beforeEach(async () => {
    git = await open();
  });
  afterEach(() => git.dispose());

  test('inspect finds the repository from a folder inside it', async () => {
    const info = await git.worktrees.inspect(`${git.root}/src`);
    expect(info).toMatchObject({ root: git.root, prefix: 'src', branch: 'main' });
    expect(await git.worktrees.inspect(git.root)).toMatchObject({ root: git.root, prefix: '' });
  });

  test('inspect says when a folder is in no repository', async () => {
    await expect(git.worktrees.inspect(git.outside)).rejects.toMatchObject({ code: 'git.notRepository' });
  });

  test('a new worktree starts from the branch that is checked out', async () => {
    const ref = git.worktree('one');
    const main = await git.headOf('main');
    expect(await git.worktrees.create(ref, signal)).toMatchObject({ baseRef: 'main', baseCommit: main, head: main });
    expect(await git.headOf(ref.branch)).toBe(main);
    expect(await git.read(`${ref.path}/README.md`)).toBe('readme\n');
  });

  test('a named base is read afresh each time, and a commit is a base as well', async () => {
    const before = await git.headOf('main');
    const now = await git.commit(git.root, { 'new.txt': 'new\n' });
    const named = await git.worktrees.create({ ...git.worktree('one'), base: 'main' }, signal);
    expect(named).toMatchObject({ baseRef: 'main', head: now });
    const old = await git.worktrees.create({ ...git.worktree('two'), base: before! }, signal);
    expect(old).toMatchObject({ baseRef: before, baseCommit: before, head: before });
    expect(await git.read(`${git.worktree('two').path}/new.txt`)).toBeUndefined();
  });

  test('a base that does not exist is named in the error and nothing is left behind', async () => {
    const ref = git.worktree('one');
    const failed = git.worktrees.create({ ...ref, base: 'nowhere' }, signal);
    await expect(failed).rejects.toMatchObject({ code: 'git.noBase', data: { base: 'nowhere' } });
    expect(await git.headOf(ref.branch)).toBeUndefined();
    expect(await git.worktrees.create(ref, signal)).toMatchObject({ baseRef: 'main' });
  });

  test('an aborted request makes nothing', async () => {
    const ref = git.worktree('one');
    const aborted = AbortSignal.abort(new Error('stopped'));
    await expect(git.worktrees.create(ref, aborted)).rejects.toThrow('stopped');
    expect(await git.headOf(ref.branch)).toBeUndefined();
  });

  test('asking again for a worktree that is complete gives the same one', async () => {
    const ref = git.worktree('one');
    const created = await git.worktrees.create(ref, signal);
    await git.commit(ref.path, { 'work.txt': 'work\n' });
    const again = await git.worktrees.create(ref, signal);
    // How many files it has is known to whoever has made it.
    expect(again).toEqual({ ...created, files: expect.any(Number), head: await git.headOf(ref.branch) });
    expect(await git.read(`${ref.path}/work.txt`)).toBe('work\n');
  });

  test('a branch with work of its own is never taken over', async () => {
    const one = git.worktree('one');
    await git.worktrees.create(one, signal);
    await git.commit(one.path, { 'work.txt': 'work\n' });
    const head = await git.headOf(one.branch);
    const other = { ...git.worktree('other'), branch: one.branch };
    await expect(git.worktrees.create(other, signal)).rejects.toMatchObject({ code: 'worktree.failed' });
    expect(await git.headOf(one.branch)).toBe(head);
    expect(await git.read(`${one.path}/work.txt`)).toBe('work\n');
  });

  test('a snapshot commits everything and does nothing when there is nothing', async () => {
    const ref = git.worktree('one');
    const { head } = await git.worktrees.create(ref, signal);
    expect(await git.worktrees.snapshot(ref, 'Keep')).toEqual({ head, committed: false });
    await git.write(`${ref.path}/new file.txt`, 'new\n');
    await git.write(`${ref.path}/README.md`, 'changed\n');
    await git.delete(`${ref.path}/src/b.txt`);
    const kept = await git.worktrees.snapshot(ref, 'Keep');
    expect(kept).toEqual({ head: await git.headOf(ref.branch), committed: true });
    expect(await git.parentsOf(kept.head)).toEqual([head]);
    expect(await git.worktrees.state(ref, 'main')).toEqual({ head: kept.head, dirty: [], ahead: 1, behind: 0 });
  });

  test('a worktree is set back to an earlier commit, and what it had is kept; asked again, it stays like that', async () => {
    const ref = git.worktree('one');
    const { head } = await git.worktrees.create(ref, signal);
    await git.write(`${ref.path}/README.md`, 'changed\n');
    await git.write(`${ref.path}/new.txt`, 'new\n');
    const kept = await git.worktrees.snapshot(ref, 'Keep');
    const how = { to: head, keepAs: 'refs/muster/aside/run' };
    await git.worktrees.setBack(ref, how);
    expect(await git.headOf(ref.branch)).toBe(head);
    expect(await git.read(`${ref.path}/new.txt`)).toBeUndefined();
    expect(await git.worktrees.state(ref, 'main')).toEqual({ head, dirty: [], ahead: 0, behind: 0 });
    await git.collectGarbage();
    expect(await git.parentsOf(kept.head)).toEqual([head]);
  });

  test('a worktree whose work has landed begins again at another commit, and what it had is kept', async () => {
    const ref = git.worktree('one');
    await git.worktrees.create(ref, signal);
    const own = await git.commit(ref.path, { 'one.txt': '1\n' });
    const at = await git.commit(git.root, { 'main.txt': '1\n' });
    await git.write(`${ref.path}/README.md`, 'not committed\n');
    await git.commit(git.root, { 'README.md': 'theirs\n' });
    const later = (await git.headOf('main')) ?? '';
    await expect(git.worktrees.renew(ref, { at: later, keepAs: 'refs/muster/aside/run' })).rejects.toThrow();
    expect(await git.headOf(ref.branch)).toBe(own);
    await git.write(`${ref.path}/README.md`, 'readme\n');
    await git.worktrees.renew(ref, { at, keepAs: 'refs/muster/aside/run' });
    expect(await git.headOf(ref.branch)).toBe(at);
    expect(await git.read(`${ref.path}/one.txt`)).toBeUndefined();
    expect(await git.read(`${ref.path}/main.txt`)).toBe('1\n');
  });

  test('state lists uncommitted files and counts commits on both sides', async () => {
    const ref = git.worktree('one');
    await git.worktrees.create(ref, signal);
    await git.commit(ref.path, { 'one.txt': '1\n' });
    await git.commit(git.root, { 'main.txt': '1\n' });
    await git.commit(git.root, { 'main.txt': '2\n' });
    await git.write(`${ref.path}/README.md`, 'changed\n');
    await git.write(`${ref.path}/zz.txt`, 'untracked\n');
    const state = await git.worktrees.state(ref, 'main');
    expect(state).toMatchObject({ ahead: 1, behind: 2 });
    expect(state.dirty.toSorted()).toEqual(['README.md', 'zz.txt']);
  });

  test('changes are those since the branch began, committed or not', async () => {
    const ref = git.worktree('one');
    await git.worktrees.create(ref, signal);
    await git.commit(git.root, { 'elsewhere.txt': 'not ours\n' });
    await git.commit(ref.path, { 'committed.txt': '1\n2\n' });
    await git.write(`${ref.path}/untracked.txt`, '1\n');
    await git.write(`${ref.path}/README.md`, 'readme\nmore\n');
    await git.delete(`${ref.path}/src/b.txt`);
    const changes = await git.worktrees.changes(ref, 'main');
    expect(changes.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: 'README.md', status: 'modified', binary: false, additions: 1, deletions: 0 },
      { path: 'committed.txt', status: 'added', binary: false, additions: 2, deletions: 0 },
      { path: 'src/b.txt', status: 'deleted', binary: false, additions: 0, deletions: 10 },
      { path: 'untracked.txt', status: 'untracked', binary: false, additions: 1, deletions: 0 },
    ]);
  });

  test('a patch has every change and says when it was cut', async () => {
    const ref = git.worktree('one');
    await git.worktrees.create(ref, signal);
    await git.write(`${ref.path}/untracked.txt`, 'fresh line\n');
    const whole = await git.worktrees.patch(ref, 'main', 100_000);
    expect(whole.truncated).toBe(false);
    expect(whole.text).toContain('b/untracked.txt');
    expect(whole.text).toContain('+fresh line');
    const cut = await git.worktrees.patch(ref, 'main', 10);
    expect(cut.truncated).toBe(true);
    expect(cut.text.length).toBeLessThanOrEqual(10);
  });

  test('show gives a file as it was at a commit', async () => {
    const before = (await git.headOf('main'))!;
    await git.commit(git.root, { 'README.md': 'later\n' });
    const show = (path: string, maxBytes = 1000, commit = before) =>
      git.worktrees.show(git.root, commit, path, { maxBytes });
    expect(await show('README.md')).toEqual({ kind: 'file', content: new TextEncoder().encode('readme\n') });
    expect(await show('nothing.txt')).toEqual({ kind: 'missing' });
    expect(await show('src')).toEqual({ kind: 'missing' });
    expect(await show('README.md', 1000, 'f'.repeat(40))).toEqual({ kind: 'missing' });
    expect(await show('README.md', 3)).toEqual({ kind: 'too_large', bytes: 7 });
  });

  test('what lies between two commits is known after their worktree is gone', async () => {
    const ref = git.worktree('one');
    const { baseCommit: base } = await git.worktrees.create(ref, signal);
    await git.write(`${ref.path}/README.md`, 'other\n');
    await git.write(`${ref.path}/src/new.txt`, 'new\n');
    const { head } = await git.worktrees.snapshot(ref, 'Work');
    await git.rescuer.remove(ref);
    expect(await git.worktrees.committedChanges(git.root, { base, head })).toEqual([
      { path: 'README.md', status: 'modified', binary: false, additions: 1, deletions: 1 },
      { path: 'src/new.txt', status: 'added', binary: false, additions: 1, deletions: 0 },
    ]);
  });

  test('whether a commit could be merged into a branch is known without merging it', async () => {
    const ref = git.worktree('one');
    await git.worktrees.create(ref, signal);
    const head = await git.commit(ref.path, { 'README.md': 'ours\n' });
    const ask = (knownTarget?: string, target = 'main') =>
      git.worktrees.conflicts({ repository: git.root }, { head, target, ...(knownTarget ? { knownTarget } : {}) });
    expect(await ask()).toMatchObject({ kind: 'known', files: [] });
    const theirs = await git.commit(git.root, { 'README.md': 'theirs\n' });
    expect(await ask()).toEqual({ kind: 'known', targetCommit: theirs, files: ['README.md'] });
    expect(await ask(theirs)).toEqual({ kind: 'unchanged' });
    expect(await ask(undefined, 'none')).toEqual({ kind: 'unknown' });
    expect(await git.headOf('main')).toBe(theirs);
  });

  test('what was removed is kept, listed and comes back', async () => {
    const ref = git.worktree('one');
    await git.worktrees.create(ref, signal);
    const head = await git.commit(ref.path, { 'work.txt': 'work\n' });
    await git.write(`${ref.path}/README.md`, 'edited\n');
    await git.write(`${ref.path}/untracked.txt`, 'untracked\n');
    const rescue = await git.rescuer.remove(ref);
    expect(rescue).toMatchObject({ head, branch: ref.branch, path: ref.path, leftover: [] });
    expect(rescue.ref).toMatch(/^refs\/muster\/rescue\//);
    expect(await git.headOf(ref.branch)).toBeUndefined();
    expect(await git.read(`${ref.path}/work.txt`)).toBeUndefined();
    await expect(git.worktrees.state(ref, 'main')).rejects.toMatchObject({ code: 'worktree.missing' });

    expect(await git.rescuer.restore(rescue, ref)).toMatchObject({ head });
    expect(await git.headOf(ref.branch)).toBe(head);
    expect(await git.read(`${ref.path}/README.md`)).toBe('edited\n');
    const { dirty } = await git.worktrees.state(ref, 'main');
    expect(dirty.toSorted()).toEqual(['README.md', 'untracked.txt']);
  });

  test('a path that is taken stays as it is', async () => {
    const ref = git.worktree('one');
    await git.worktrees.create(ref, signal);
    const rescue = await git.rescuer.remove(ref);
    await git.worktrees.create(ref, signal);
    const taken = git.rescuer.restore(rescue, ref);
    await expect(taken).rejects.toMatchObject({ code: 'worktree.failed' });
    expect(await git.read(`${ref.path}/README.md`)).toBe('readme\n');
  });

  test('what was kept is put back when the removal is given up', async () => {
    const ref = git.worktree('one');
    await git.worktrees.create(ref, signal);
    await git.write(`${ref.path}/README.md`, 'edited\n');
    const removal = git.rescuer.removal(ref);
    const rescue = await git.rescuer.driver.keep(removal);
    await git.rescuer.driver.putBack(removal);
    expect(await git.read(`${ref.path}/README.md`)).toBe('edited\n');
    expect(await git.worktrees.state(ref, 'main')).toMatchObject({ dirty: ['README.md'] });
    await git.rescuer.driver.clear(removal, await git.rescuer.driver.keep(git.rescuer.removal(ref)));
    await git.collectGarbage();
    await expect(git.rescuer.restore(rescue, ref)).rejects.toMatchObject({ code: 'rescue.unknown' });
  });

  test('a rescue ends when it is discarded', async () => {
    const ref = git.worktree('one');
    await git.worktrees.create(ref, signal);
    await git.write(`${ref.path}/README.md`, 'edited\n');
    const rescue = await git.rescuer.remove(ref);
    await git.rescuer.driver.discard(rescue);
    await git.rescuer.driver.discard(rescue);
    await git.collectGarbage();
    await expect(git.rescuer.restore(rescue, ref)).rejects.toMatchObject({ code: 'rescue.unknown' });
  });
});
