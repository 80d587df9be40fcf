import { access, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sweepLockLeftovers, withRepositoryLock } from '../../../src/drivers/git/repository/repositoryLock.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { GitRepository } from '../../support/gitRepository.js';
import { GitProgram } from '../../support/gitProgram.js';

const clock = createNodeClock();

describe('the lock of a repository', () => {
  let program: GitProgram;
  let repository: GitRepository;
  let commonDir: string;
  let stateDir: string;
  beforeAll(async () => {
    program = await GitProgram.build();
  });
  afterAll(() => program.dispose());
  beforeEach(async () => {
    repository = await GitRepository.create();
    commonDir = repository.path('.git');
    stateDir = join(repository.folder, 'state');
  });
  afterEach(() => repository.dispose());

  test('a killed holder does not keep it', async () => {
    const held = await program.run({ stateDir, task: { kind: 'hold', commonDir } }, kill => kill());
    expect(held).toEqual({ exitCode: undefined, output: 'held\n' });
    await access(join(commonDir, 'muster.lock'));
    // Several at once find it: one after the other gets it.
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 5 }, () =>
        withRepositoryLock({ commonDir, clock }, async () => {
          most = Math.max(most, ++inside);
          await clock.sleep(1, new AbortController().signal);
          inside--;
        }),
      ),
    );
    expect(most).toBe(1);
    expect((await readdir(commonDir)).filter(name => name.startsWith('muster.lock'))).toEqual([]);
  });

  test('a live holder is waited for, until the waiter is aborted', async () => {
    const abort = new AbortController();
    let outcome: unknown;
    const held = program.run({ stateDir, task: { kind: 'hold', commonDir } }, kill => {
      const waiting = withRepositoryLock({ commonDir, clock, signal: abort.signal }, async () => 'inside');
      setTimeout(() => abort.abort(new Error('enough')), 100);
      waiting
        .then(
          value => (outcome = value),
          (error: unknown) => (outcome = error),
        )
        .finally(kill);
    });
    await held;
    expect(outcome).toEqual(new Error('enough'));
  });

  test('a lock of another boot, or cut off by a power loss, is left over; one of another machine is not', async () => {
    const lock = join(commonDir, 'muster.lock');
    const self = { pid: process.pid, startTime: '1', bootId: 'b', machine: 'm', pidNamespace: 'n', since: 0 };
    await mkdir(lock);
    await writeFile(join(lock, 'torn'), '{"pid":');
    await withRepositoryLock({ commonDir, clock }, async () => {});
    await mkdir(lock);
    await writeFile(join(lock, 'elsewhere'), JSON.stringify(self));
    const waiting = withRepositoryLock({ commonDir, clock, signal: AbortSignal.timeout(100) }, async () => 'inside');
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('what killed waiters left is swept', async () => {
    const leftover = join(commonDir, 'muster.lock.left-over');
    await mkdir(leftover);
    await sweepLockLeftovers(commonDir, clock);
    await access(leftover);
    await utimes(leftover, 1, 1);
    await sweepLockLeftovers(commonDir, clock);
    await expect(access(leftover)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('twenty worktrees made by four processes at once', async () => {
    const request = (name: string) => ({
      repository: repository.root,
      path: join(repository.folder, 'worktrees', name),
      branch: `muster/${name}`,
    });
    const tasks = [0, 1, 2, 3].map(process =>
      program.run({
        stateDir,
        task: { kind: 'create', requests: [0, 1, 2, 3, 4].map(i => request(`task-${process}-${i}`)) },
      }),
    );
    for (const result of await Promise.all(tasks)) expect(result.exitCode).toBe(0);
    const list = await repository.git('worktree', 'list', '--porcelain');
    expect(list.match(/^branch refs\/heads\/muster\//gm)).toHaveLength(20);
    expect(list).not.toContain('locked');
    expect(list).not.toContain('prunable');
    expect((await readdir(commonDir)).filter(name => name.startsWith('muster.lock'))).toEqual([]);
    await repository.fsck();
  });
});
