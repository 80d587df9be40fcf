import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lines } from '../../support/gitRepository.js';
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
