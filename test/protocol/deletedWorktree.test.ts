import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const compose = [
  'name: deleted',
  'providers: {sh: {command: sh, args: [-c, "cat > task.txt"], output: {format: text}, permissions: auto}}',
  'agents: {dev: {provider: sh}}',
  '',
].join('\n');

it('a worktree that was deleted by hand: every error names the way back, and restore and resume go it', async () => {
  const home = testHome(programs);
  const cwd = testRepository({ 'agent-compose.yml': compose });
  await home.muster(['up', '--yes'], { cwd });
  const { thread_id: thread } = (await home.musterJson(['dispatch', 'dev', 'Make it', '--wait'], { cwd })) as {
    thread_id: string;
  };
  const client = await home.connect();
  const worktree = (await client.threads.getThread({ threadId: thread })).thread?.worktree ?? '';

  for (const back of ['restore', 'resume']) {
    rmSync(worktree, { recursive: true });
    for (const command of [
      ['diff', thread],
      ['merge', thread],
      ['approve', thread],
      ['exec', thread, '--', 'true'],
    ]) {
      const failed = await home.muster(command, { cwd });
      expect(failed.status, command.join(' ')).not.toBe(0);
      expect(failed.stderr + failed.stdout, command.join(' ')).toMatch(/muster restore/);
    }
    expect((await home.muster([back, thread], { cwd })).status, back).toBe(0);
    expect(readFileSync(join(worktree, 'task.txt'), 'utf8')).toBe('Make it');
  }

  rmSync(worktree, { recursive: true });
  expect((await home.muster(['abandon', thread], { cwd })).status).toBe(0);
  expect((await home.muster(['restore', thread], { cwd })).status).toBe(0);
  expect(readFileSync(join(worktree, 'task.txt'), 'utf8')).toBe('Make it');
  expect((await home.muster(['merge', thread], { cwd })).status).toBe(0);
  expect(existsSync(join(cwd, 'task.txt'))).toBe(true);
});
