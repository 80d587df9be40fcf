import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lines, writeIn } from '../../support/gitRepository.js';
import { GitProgram, outcomeOf } from '../../support/gitProgram.js';
import { interposedGit, quoted, type Interposition } from '../../support/interposedGit.js';
import { MergeFixture } from './mergeFixture.js';

const signal = new AbortController().signal;
/** The process that runs the driver dies at once; the git command that it started may go on. */
const kill = 'kill -9 $PPID';

let program: GitProgram;
beforeAll(async () => {
  program = await GitProgram.build();
});
afterAll(() => program.dispose());

describe.concurrent('a host killed during a merge', () => {
  const moments: readonly (readonly [string, Interposition])[] = [
    ['before the trees are merged', { when: '*merge-tree*', before: kill }],
    ['before the commit is made', { when: '*commit-tree*', before: kill }],
    ['after the commit is made', { when: '*commit-tree*', after: kill }],
    ['before the target moves', { when: '*merge*--ff-only*', before: kill }],
    ['after the target moved', { when: '*merge*--ff-only*', after: kill }],
    ['before a ref moves that is checked out nowhere', { when: '*update-ref*refs/heads/main*', before: kill }],
    ['after a ref moved that is checked out nowhere', { when: '*update-ref*refs/heads/main*', after: kill }],
  ];

  test.for(moments)('%s', async ([name, moment], { onTestFinished }) => {
    const merge = await MergeFixture.create();
    onTestFinished(() => merge.repository.dispose());
    if (name.includes('nowhere')) await merge.leaveMain();
    await merge.edit(join(merge.root, 'README.md'), 'my edit\n');
    const binary = await interposedGit(await mkdtemp(merge.path('between-')), moment);
    const input = { stateDir: merge.options.stateDir, task: { kind: 'merge', request: merge.request() } } as const;
    const killed = await program.run({ ...input, binary });
    expect(killed).toEqual({ exitCode: undefined, output: '' });

    const after = await program.run(input);
    const commit = await merge.repository.commitOf('main');
    expect(outcomeOf(after)).toEqual({ kind: 'merged', commit });
    // Once, not twice.
    expect(await merge.repository.git('log', '-1', '--format=%P', 'main')).toBe(`${merge.base} ${merge.reviewed}`);
    await merge.assertClean(merge.root, ['README.md']);
    await merge.assertNothingLost();
  });

  test('when a checkout appeared just as the ref moved', async ({ onTestFinished }) => {
    const merge = await MergeFixture.create();
    onTestFinished(() => merge.repository.dispose());
    await merge.leaveMain();
    const appearing = merge.path('appearing');
    await merge.repository.git('worktree', 'add', '--quiet', '--detach', appearing, 'main');
    const binary = await interposedGit(await mkdtemp(merge.path('between-')), {
      when: '*update-ref*refs/heads/main*',
      after: `git -C ${quoted(appearing)} symbolic-ref HEAD refs/heads/main; ${kill}`,
    });
    const input = { stateDir: merge.options.stateDir, task: { kind: 'merge', request: merge.request() } } as const;
    expect(await program.run({ ...input, binary })).toEqual({ exitCode: undefined, output: '' });
    expect(outcomeOf(await program.run(input))).toMatchObject({ kind: 'merged' });
    await merge.assertClean(appearing);
    await merge.assertNothingLost();
  });

  test('together with its git, among the files of the checkout', async ({ onTestFinished }) => {
    const merge = await MergeFixture.create();
    onTestFinished(() => merge.repository.dispose());
    await merge.edit(join(merge.root, 'README.md'), 'my edit\n');
    // What git leaves when it dies there: some files new, one half written, one removed but not written yet, its lock.
    const changed = lines('a').replace('a 0', 'a zero');
    const binary = await interposedGit(await mkdtemp(merge.path('between-')), {
      when: '*merge*--ff-only*',
      before: [
        `cd ${quoted(merge.root)}`,
        `printf %s ${quoted(changed.slice(0, 30))} > src/a.txt`,
        `printf 'work\\n' > work.txt`,
        ': > .git/index.lock',
        'touch -d "1 minute ago" .git/index.lock',
        `sed -i 's/"at":[0-9]*/"at":1/' ${quoted(merge.options.stateDir)}/landings/*.json`,
        `kill -9 $PPID $$`,
      ].join('\n'),
    });
    const input = { stateDir: merge.options.stateDir, task: { kind: 'merge', request: merge.request() } } as const;
    expect(await program.run({ ...input, binary })).toEqual({ exitCode: undefined, output: '' });
    const commit = outcomeOf(await program.run(input));
    expect(commit).toEqual({ kind: 'merged', commit: await merge.repository.commitOf('main') });
    await merge.assertClean(merge.root, ['README.md']);
    await merge.assertNothingLost();
  });
});

describe.concurrent('a host killed while it makes a worktree', () => {
  const moments: readonly (readonly [string, Interposition])[] = [
    ['before it is registered', { when: '*worktree*add*', before: kill }],
    ['after it is registered', { when: '*worktree*add*', after: kill }],
    ['after the files are written', { when: '*reset*--hard*', after: kill }],
    [
      'after its branch, before anything else',
      { when: '*worktree*add*', before: `git branch muster/next main; ${kill} $$` },
    ],
  ];

  test.for(moments)('%s', async ([, moment], { onTestFinished }) => {
    const merge = await MergeFixture.create();
    onTestFinished(() => merge.repository.dispose());
    const binary = await interposedGit(await mkdtemp(merge.path('between-')), moment);
    const request = { repository: merge.root, path: merge.path('next'), branch: 'muster/next' };
    const killed = await program.run({
      stateDir: merge.options.stateDir,
      binary,
      task: { kind: 'create', requests: [request] },
    });
    expect(killed.exitCode).toBeUndefined();

    const created = await merge.worktrees.create(request, signal);
    expect(created).toMatchObject({ baseRef: 'main', baseCommit: merge.base, head: merge.base });
    await merge.assertClean(request.path);
    expect(await readFile(join(request.path, 'src/a.txt'), 'utf8')).toBe(lines('a'));
    expect(await merge.repository.git('worktree', 'list', '--porcelain')).not.toContain('locked');
    await merge.assertNothingLost();
  });
});

describe.concurrent('a host killed while it removes a worktree', () => {
  const moments: readonly (readonly [string, Interposition])[] = [
    ['before the work is kept', { when: '*status*', before: kill }],
    ['after the work is kept', { when: '*update-ref*refs/muster/rescue*', after: kill }],
    ['before the worktree is unregistered', { when: '*worktree*remove*', before: kill }],
    ['before the branch goes', { when: '*update-ref*refs/heads*', before: kill }],
  ];

  test.for(moments)('%s', async ([, moment], { onTestFinished }) => {
    const merge = await MergeFixture.create();
    onTestFinished(() => merge.repository.dispose());
    await writeIn(merge.thread.path, 'README.md', 'uncommitted\n');
    await writeIn(merge.thread.path, 'untracked.txt', 'untracked\n');
    const binary = await interposedGit(await mkdtemp(merge.path('between-')), moment);
    const input = { stateDir: merge.options.stateDir, task: { kind: 'remove', worktree: merge.thread } } as const;
    expect((await program.run({ ...input, binary })).exitCode).toBeUndefined();

    await merge.worktrees.recover(merge.root);
    const rescue = await merge.worktrees.remove(merge.thread);
    await merge.worktrees.restore(merge.root, rescue.ref, merge.thread);
    expect(await merge.worktrees.state(merge.thread, 'main')).toMatchObject({
      head: merge.reviewed,
      dirty: ['README.md', 'untracked.txt'],
    });
    expect(await readFile(join(merge.thread.path, 'README.md'), 'utf8')).toBe('uncommitted\n');
    await merge.assertNothingLost();
  });
});
