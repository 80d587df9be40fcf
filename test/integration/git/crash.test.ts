import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lines, writeIn } from '../../support/gitRepository.js';
import { GitProgram } from '../../support/gitProgram.js';
import { interposedGit, type Interposition } from '../../support/interposedGit.js';
import { MergeFixture } from './mergeFixture.js';

const signal = new AbortController().signal;
/** The process that runs the driver dies at once; the git command that it started may go on. */
const kill = 'kill -9 $PPID';

let program: GitProgram;
beforeAll(async () => {
  program = await GitProgram.build();
});
afterAll(() => program.dispose());

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
