import { execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseId } from '../../../src/base/ids.js';
import { fileJournal } from '../../support/fileJournal.js';
import { gitIn, writeIn } from '../../support/gitRepository.js';
import { GitProgram, outcomeOf, type GitTask } from '../../support/gitProgram.js';
import { randomFrom, seed, soaking } from '../../support/sample.js';
import { interposedGit, quoted } from '../../support/interposedGit.js';
import { smudgeWith } from '../../support/smudgeFilter.js';
import { MergeFixture } from './mergeFixture.js';

/** The process that runs the driver dies at once; the git command that it started may go on. */
const killHost = 'kill -9 $PPID';
const slow = ['a.slow', 'b.slow', 'c/d.slow', 'e.slow'];

const random = randomFrom(seed);

let program: GitProgram;
beforeAll(async () => {
  program = await GitProgram.build();
});
afterAll(() => program.dispose());

/** A merge that adds, changes and deletes files, replaces a file by a folder and makes another one executable. */
async function fixture(): Promise<MergeFixture> {
  const merge = await MergeFixture.create();
  const { path } = merge.thread;
  await merge.commit(merge.root, { 'e.slow': 'old e\n', 'plain': 'a file\n', 'tool.sh': 'run\n', 'old.txt': 'old\n' });
  await merge.repository.git('branch', 'kept', merge.reviewed);
  await gitIn(path, 'reset', '--quiet', '--hard', 'main');
  await gitIn(path, 'rm', '--quiet', 'plain', 'old.txt');
  await gitIn(path, 'update-index', '--chmod=+x', 'tool.sh');
  await gitIn(path, 'checkout-index', '--force', 'tool.sh');
  const files = {
    'work.txt': 'work\n',
    'plain/file.txt': 'in a folder\n',
    ...Object.fromEntries(slow.map(name => [name, `new ${name}\n`])),
  };
  merge.review(await merge.commit(path, files));
  await merge.edit(join(merge.root, 'README.md'), 'my edit\n');
  return merge;
}

/** Whatever was killed: asked again, the request lands once, and the user's edit is there. */
async function landsOnce(merge: MergeFixture): Promise<void> {
  const after = outcomeOf(await program.run({ stateDir: merge.options.stateDir, task: task(merge) }));
  expect(after).toMatchObject({ kind: 'merged', commit: await merge.repository.commitOf('main') });
  expect(await merge.repository.git('log', '-1', '--format=%P', 'main')).toContain(merge.reviewed);
  expect(await merge.repository.git('rev-list', '--count', '--merges', 'main')).toBe('1');
  await merge.assertNothingLost();
}

function task(merge: MergeFixture) {
  return { kind: 'merge', request: merge.request() } as const;
}

/** Operations from one kill to the next: all are tried while soaking. */
const stride = soaking ? 1 : 4;

/**
 * Runs the task again and again from the same state, each time killed some operations later, until it comes to its end. Returns at
 * which it would have been killed then.
 */
async function everyOperation(
  merge: MergeFixture,
  checkout: string,
  { what = task(merge), lands = landsOnce }: { what?: GitTask; lands?: (merge: MergeFixture) => Promise<void> } = {},
): Promise<number> {
  const { folder } = merge.repository;
  const saved = `${folder}-saved`;
  execFileSync('cp', ['-a', folder, saved]);
  try {
    for (let killAt = 1 + Math.floor(random() * stride); ; killAt += stride) {
      // In the same place, so that every path in it is right.
      execFileSync('sh', ['-c', `rm -rf ${quoted(folder)} && cp -a ${quoted(saved)} ${quoted(folder)}`]);
      try {
        const killed = await program.run({ stateDir: merge.options.stateDir, task: what, killAt });
        await lands(merge);
        await merge.assertClean(checkout, ['README.md']);
        if (killed.exitCode !== undefined) return killAt;
      } catch (error) {
        throw new Error(`killed before operation ${killAt} (MUSTER_SEED=${seed})`, { cause: error });
      }
    }
  } finally {
    await rm(saved, { recursive: true, force: true });
    await merge.repository.dispose();
  }
}

describe('a host killed at every operation of a merge', { timeout: 600_000 }, () => {
  test('into a branch that is checked out', async () => {
    const merge = await fixture();
    // Each git command, each kept file and each entry of the journal is one.
    expect(await everyOperation(merge, merge.root)).toBeGreaterThan(25);
  });

  test('into a branch that is checked out nowhere', async () => {
    const merge = await fixture();
    await merge.leaveMain();
    expect(await everyOperation(merge, merge.root)).toBeGreaterThan(10);
  });

  test('that is taken back', async () => {
    const merge = await fixture();
    const before = await merge.repository.commitOf('main');
    await landsOnce(merge);
    const merged = await merge.repository.commitOf('main');
    merge.keeps(merged);
    const id = parseId<'merge'>('0000000000m2');
    const request = { id, repository: merge.root, target: 'main', from: before, to: merged, message: 'Revert' };
    const what = { kind: 'undo', request } as const;
    const operations = await everyOperation(merge, merge.root, {
      what,
      lands: async () => {
        const after = await program.run({ stateDir: merge.options.stateDir, task: what });
        expect(outcomeOf(after)).toEqual({ kind: 'merged', commit: before });
        expect(await merge.repository.commitOf('main')).toBe(before);
        await merge.assertNothingLost();
      },
    });
    expect(operations).toBeGreaterThan(20);
  });

  test('that takes back what a killed git left half done', async () => {
    const merge = await fixture();
    await smudgeWith(merge.repository, '[ $n = 3 ] && { kill -9 $(host_pid) $(git_pid); exit 1; }');
    const killed = await program.run({ stateDir: merge.options.stateDir, task: task(merge) });
    expect(killed.exitCode).toBeUndefined();
    expect(await everyOperation(merge, merge.root)).toBeGreaterThan(25);
  });
});

describe.concurrent('git killed among the files of a checkout', () => {
  const moments = slow.map((_, index) => index + 1);

  test.for(moments)('with its host, at file %i', async (file, { onTestFinished }) => {
    const merge = await fixture();
    onTestFinished(() => merge.repository.dispose());
    await smudgeWith(merge.repository, `[ $n = ${file} ] && { kill -9 $(host_pid) $(git_pid); exit 1; }`);
    const killed = await program.run({ stateDir: merge.options.stateDir, task: task(merge) });
    expect(killed.exitCode).toBeUndefined();
    expect(await merge.repository.git('rev-parse', 'main')).not.toContain(merge.reviewed);
    await landsOnce(merge);
    await merge.assertClean(merge.root, ['README.md']);
  });

  test.for(moments)(
    'alone, at file %i: what it wrote is taken back, and the next try goes through',
    async (file, { onTestFinished }) => {
      const merge = await fixture();
      onTestFinished(() => merge.repository.dispose());
      await smudgeWith(merge.repository, `[ $n = ${file} ] && { kill -9 $(git_pid); exit 1; }`);
      const before = await merge.repository.commitOf('main');
      await expect(merge.merge()).rejects.toMatchObject({ code: 'git.failed' });
      expect(await merge.repository.commitOf('main')).toBe(before);
      await merge.assertClean(merge.root, ['README.md']);
      expect(await merge.merge()).toMatchObject({ kind: 'merged' });
      await merge.assertClean(merge.root, ['README.md']);
      await merge.assertNothingLost();
    },
  );

  test('alone, and the user saved one of its files meanwhile: that edit stays and is named', async ({
    onTestFinished,
  }) => {
    const merge = await fixture();
    onTestFinished(() => merge.repository.dispose());
    const file = join(merge.root, 'a.slow');
    await smudgeWith(merge.repository, `[ $n = 3 ] && { echo mine > ${quoted(file)}; kill -9 $(git_pid); exit 1; }`);
    await expect(merge.merge()).rejects.toMatchObject({ code: 'git.failed' });
    expect(await readFile(file, 'utf8')).toBe('mine\n');
    await merge.assertClean(merge.root, ['README.md', 'a.slow']);
    expect(await merge.merge()).toMatchObject({ kind: 'blocked', reason: 'target_has_edits', files: ['a.slow'] });
    await merge.assertNothingLost();
  });
});

describe.concurrent('a host killed while its git goes on', () => {
  test.for([
    ['before the target moves', '*merge*--ff-only*', 'before'],
    ['after the target moved', '*merge*--ff-only*', 'after'],
  ] as const)('%s', async ([, when, moment], { onTestFinished }) => {
    const merge = await fixture();
    onTestFinished(() => merge.repository.dispose());
    const binary = await interposedGit(await merge.folder('between'), { when, [moment]: killHost });
    const killed = await program.run({ stateDir: merge.options.stateDir, binary, task: task(merge) });
    expect(killed.exitCode).toBeUndefined();
    await landsOnce(merge);
    await merge.assertClean(merge.root, ['README.md']);
  });

  test('when a checkout appeared just as the ref moved', async ({ onTestFinished }) => {
    const merge = await fixture();
    onTestFinished(() => merge.repository.dispose());
    await merge.leaveMain();
    const appearing = merge.path('appearing');
    await merge.repository.git('worktree', 'add', '--quiet', '--detach', appearing, 'main');
    const binary = await interposedGit(await merge.folder('between'), {
      when: '*update-ref*refs/heads/main*',
      after: `git -C ${quoted(appearing)} symbolic-ref HEAD refs/heads/main; ${killHost}`,
    });
    const killed = await program.run({ stateDir: merge.options.stateDir, binary, task: task(merge) });
    expect(killed.exitCode).toBeUndefined();
    await landsOnce(merge);
    await merge.assertClean(appearing);
  });
});

test('a landing that nobody asks for any more is taken back all the same', async ({ onTestFinished }) => {
  const merge = await fixture();
  onTestFinished(() => merge.repository.dispose());
  await smudgeWith(merge.repository, '[ $n = 3 ] && { kill -9 $(host_pid) $(git_pid); exit 1; }');
  await program.run({ stateDir: merge.options.stateDir, task: task(merge) });
  const journal = fileJournal(merge.options.stateDir);
  for (const landing of journal.unfinished()) await merge.driver().settle(landing, new AbortController().signal);
  await merge.assertClean(merge.root, ['README.md']);
  expect(journal.unfinished()).toEqual([]);
  await merge.assertNothingLost();
});

describe.concurrent('locks', () => {
  test('one that the user’s killed git left is named with its age and stays', async ({ onTestFinished }) => {
    const merge = await fixture();
    onTestFinished(() => merge.repository.dispose());
    await writeIn(merge.root, '.git/index.lock', '');
    const outcome = await merge.merge();
    expect(outcome).toMatchObject({ kind: 'blocked', reason: 'target_busy' });
    expect(outcome).toMatchObject({
      message: expect.stringMatching(/No process has .*index\.lock open and it is \d+ s old/),
    });
    expect(await readFile(join(merge.root, '.git/index.lock'), 'utf8')).toBe('');
    await merge.assertNothingLost();
  });
});
