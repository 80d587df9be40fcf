import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** Reads what the person wrote and says so in a file of its own. */
const file = `name: shop
providers:
  author: {command: sh, args: ["-c", "cat >/dev/null; wc -l < draft.txt > counted.txt"], output: {format: text}}
agents:
  dev: {provider: author}
`;

test('an agent reads what was not committed when it was asked, and the merge leaves that to the person', async () => {
  const home = testHome(programs);
  const cwd = testRepository({ 'agent-compose.yml': file, '.gitignore': '.env\n' });
  const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
  const run = (...args: readonly string[]) => home.muster(args, { cwd });
  expect(await run('up', '--yes')).toMatchObject({ status: 0 });
  writeFileSync(join(cwd, 'draft.txt'), 'PERSON one\nPERSON two\n');
  writeFileSync(join(cwd, '.env'), 'SECRET=1\n');
  const sent = (await home.musterJson(['dispatch', 'dev', 'Count', '--with-changes', '--wait'], { cwd })) as {
    thread_id: string;
    thread: { worktree: string };
  };
  const id = sent.thread_id;
  const worktree = git('worktree', 'list', '--porcelain')
    .split('\n')
    .findLast(line => line.startsWith('worktree '))
    ?.slice('worktree '.length);
  expect(readFileSync(join(worktree ?? '', 'counted.txt'), 'utf8').trim()).toBe('2');
  expect(() => readFileSync(join(worktree ?? '', '.env'))).toThrow();
  const shown = await run('diff', id);
  expect(shown.stdout).toContain('counted.txt');
  expect(shown.stdout).not.toContain('draft.txt');

  expect(await run('dispatch', 'dev', 'Again', '--thread', id, '--with-changes')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('the thread has begun already'),
  });
  expect(await run('merge', id)).toMatchObject({ status: 0 });
  expect(git('show', 'HEAD:counted.txt')).toBe('2');
  expect(git('log', '--all-match', '--format=', '--name-only', 'main')).not.toContain('draft.txt');
  expect(git('status', '--porcelain')).toBe('?? draft.txt');
  expect(readFileSync(join(cwd, 'draft.txt'), 'utf8')).toBe('PERSON one\nPERSON two\n');

  // Abandoned and brought back, it is still not the person's work that would land.
  const second = (await home.musterJson(['dispatch', 'dev', 'Count anew', '--with-changes', '--wait'], { cwd })) as {
    thread_id: string;
  };
  writeFileSync(join(cwd, 'draft.txt'), 'PERSON one\n');
  expect(await run('abandon', second.thread_id)).toMatchObject({ status: 0 });
  expect(await run('restore', second.thread_id)).toMatchObject({ status: 0 });
  const again = await run('diff', second.thread_id);
  expect(again.stdout).not.toContain('draft.txt');
});
