import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** An agent that works in the person's own checkout instead of its worktree. */
const file = `name: shop
providers:
  shell:
    command: sh
    args: ["-c", "git -C \\"$OWN\\" checkout --quiet --force other; echo done > done.txt"]
    env: {OWN: "\${OWN}"}
agents:
  dev: {provider: shell}
`;

test('that a run switched the person’s branch and lost their edits is told where they look, and put back', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file, 'main.txt': 'committed\n' });
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: repository, env: { ...process.env, ...home.env }, encoding: 'utf8' }).trim();
  const own = git('symbolic-ref', '--short', 'HEAD');
  git('branch', 'other');
  writeFileSync(join(repository, 'main.txt'), 'my edits\n');
  const at = { cwd: repository, env: { OWN: repository } };
  expect(await home.muster(['up', '--yes'], at)).toMatchObject({ status: 0 });

  const dispatched = await home.muster(['dispatch', 'dev', 'Work', '--wait'], at);
  const said = `your edits of main.txt are gone from your checkout; your checkout was switched from ${own} to other`;
  expect(dispatched).toMatchObject({ status: 0, stderr: expect.stringContaining(said) });
  expect((await home.muster(['ps'], at)).stdout).toContain(said);
  const [id = ''] = dispatched.stdout.split(' ');

  const back = await home.muster(['worktrees', 'put-back', id], at);
  expect(back).toMatchObject({ status: 0, stdout: expect.stringContaining('undone: your checkout was switched') });
  expect(git('symbolic-ref', '--short', 'HEAD')).toBe(own);
  expect(readFileSync(join(repository, 'main.txt'), 'utf8')).toBe('my edits\n');
  expect((await home.muster(['ps'], at)).stdout).not.toContain('note:');
  expect((await home.muster(['worktrees', 'put-back', id], at)).stdout).toContain('Nothing was changed');
});
