import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const agent = `
name: shop
providers:
  writer: {command: sh, args: [-c, 'cat > task.txt; echo done'], output: {format: text}}
agents:
  dev: {provider: writer}
`;

interface Scene {
  readonly home: TestHome;
  readonly repository: string;
  /** Where it goes. */
  readonly place: string;
  /** Two threads whose worktrees are there, and one that was abandoned. */
  readonly threads: readonly [string, string, string];
}

async function scene(): Promise<Scene> {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': agent });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const ids: string[] = [];
  for (const task of ['Fix the basket', 'Sort the shelf', 'Count the cash']) {
    const sent = await home.musterJson(['dispatch', 'dev', task, '--wait'], { cwd: repository });
    ids.push((sent as { thread_id: string }).thread_id);
  }
  const [first = '', second = '', third = ''] = ids;
  expect(await home.muster(['abandon', third], { cwd: repository })).toMatchObject({ status: 0 });
  const place = join(dirname(repository), `${basename(repository)} elsewhere`);
  return { home, repository, place, threads: [first, second, third] };
}

async function expectWhole({ home, place, threads: [first, second, third] }: Scene): Promise<void> {
  const at = { cwd: place };
  expect(await home.muster(['diff', first, '--stat'], at)).toMatchObject({ status: 0 });
  expect(await home.muster(['merge', first], at)).toMatchObject({ status: 0, stderr: '' });
  expect(execFileSync('git', ['show', 'main:task.txt'], { ...at, encoding: 'utf8' })).toBe('Fix the basket');
  const { worktree } = (await home.musterJson(['restore', third], at)) as { worktree: string };
  expect(execFileSync('git', ['status', '--porcelain'], { cwd: worktree, encoding: 'utf8' })).toBe('');
  // The agent works on where it was: its git finds the repository.
  expect(await home.muster(['dispatch', 'dev', 'Again', '--thread', second, '--wait'], at)).toMatchObject({
    status: 0,
  });
  expect(await home.muster(['abandon', second], at)).toMatchObject({ status: 0, stderr: '' });
}

describe('a repository that was renamed or moved', () => {
  test(
    'is recognised by `up`, with its consent, and takes project and threads along',
    { timeout: 120_000 },
    async () => {
      const all = await scene();
      const { home, repository, place } = all;
      renameSync(repository, place);
      const at = { cwd: place };
      expect(await home.musterJson(['up', '--dry-run'], at)).toMatchObject({ applied: false, unchanged: true });
      expect(await home.musterJson(['up'], at)).toMatchObject({
        unchanged: true,
        notes: [`This repository was at ${repository} before; its 3 threads came along.`],
      });
      const { projects: known } = (await home.musterJson(['project', 'ls'])) as { projects: readonly object[] };
      expect(known).toHaveLength(1);
      await expectWhole(all);
      // Once is enough, and back again works as well.
      expect(await home.musterJson(['up'], at)).toMatchObject({ unchanged: true, notes: [] });
    },
  );

  test('on another disk is recognised by its threads, and asks for consent again', { timeout: 120_000 }, async () => {
    const all = await scene();
    const { home, repository, place } = all;
    // Another directory with other numbers, as after a move to another disk.
    cpSync(repository, place, { recursive: true, verbatimSymlinks: true });
    rmSync(repository, { recursive: true });
    const at = { cwd: place };
    expect(await home.muster(['up'], at)).toMatchObject({ status: 2, stderr: expect.stringContaining('consent') });
    expect(await home.musterJson(['up', '--yes'], at)).toMatchObject({ unchanged: true });
    await expectWhole(all);
  });

  test('is not taken for another one: a copy beside it, or a clone', { timeout: 120_000 }, async () => {
    const { home, repository, place, threads } = await scene();
    cpSync(repository, place, { recursive: true, verbatimSymlinks: true });
    expect(await home.musterJson(['up', '--yes'], { cwd: place })).toMatchObject({ notes: [], unchanged: false });
    expect(await home.muster(['merge', threads[0]], { cwd: repository })).toMatchObject({ status: 0 });
    rmSync(place, { recursive: true });
    execFileSync('git', ['clone', '--quiet', repository, place]);
    rmSync(repository, { recursive: true });
    expect(await home.musterJson(['up', '--yes'], { cwd: place })).toMatchObject({ notes: [] });
    expect((await home.muster(['diff', threads[1]])).stderr).toContain('muster up');
    expect(existsSync(join(place, 'task.txt'))).toBe(true);
  });

  test(
    'and already has a second project in the new place: the threads go to that one',
    { timeout: 120_000 },
    async () => {
      const all = await scene();
      const { home, repository, place } = all;
      // What happened before repositories were recognised.
      cpSync(repository, place, { recursive: true, verbatimSymlinks: true });
      expect(await home.muster(['up', '--yes'], { cwd: place })).toMatchObject({ status: 0 });
      rmSync(place, { recursive: true });
      renameSync(repository, place);
      expect(await home.musterJson(['up', '--yes'], { cwd: place })).toMatchObject({
        notes: [expect.stringContaining('3 threads')],
      });
      await expectWhole(all);
    },
  );
});
