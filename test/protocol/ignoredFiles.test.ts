import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const compose = [
  'name: ignored',
  'providers: {sh: {command: sh, args: [-c, "cat > task.txt; head -c 12000000 /dev/zero > large.bin"], output: {format: text}, permissions: auto}}',
  'agents: {dev: {provider: sh}}',
  '',
].join('\n');

it('a worktree with many megabytes of ignored files goes only when a person says what becomes of them', async () => {
  const home = testHome(programs);
  const cwd = testRepository({ 'agent-compose.yml': compose, '.gitignore': '*.bin\n' });
  await home.muster(['up', '--yes'], { cwd });
  const { thread_id: thread } = (await home.musterJson(['dispatch', 'dev', 'Make it', '--wait'], { cwd })) as {
    thread_id: string;
  };
  const { worktree } = (await home.connect().then(client => client.threads.getThread({ threadId: thread }))).thread ?? {
    worktree: '',
  };

  const refused = await home.muster(['abandon', thread], { cwd });
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/more than 10 MB of ignored files.*large\.bin.*--ignored archive.*--ignored discard/);
  expect(existsSync(join(worktree, 'large.bin'))).toBe(true);

  expect((await home.muster(['abandon', thread, '--ignored', 'archive'], { cwd })).status).toBe(0);
  expect(existsSync(worktree)).toBe(false);
  expect((await home.muster(['restore', thread], { cwd })).status).toBe(0);
  expect(readFileSync(join(worktree, 'large.bin'))).toHaveLength(12_000_000);
  expect(readFileSync(join(worktree, 'task.txt'), 'utf8')).toBe('Make it');
});
