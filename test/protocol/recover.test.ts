import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const agent = `
name: shop
providers:
  writer: {command: sh, args: [-c, 'cat > task.txt; echo all done'], output: {format: text}}
agents:
  dev: {provider: writer}
`;

test('a damaged database is spoken of until its threads are back', { timeout: 180_000 }, async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': agent });
  const at = { cwd: repository };
  expect(await home.muster(['up', '--yes'], at)).toMatchObject({ status: 0 });
  const sent = (await home.musterJson(['dispatch', 'dev', 'Fix the basket', '--wait'], at)) as { thread_id: string };
  await home.muster(['daemon', 'stop']);
  for (const suffix of ['-wal', '-shm']) rmSync(join(home.stateDir, `muster.db${suffix}`), { force: true });
  writeFileSync(join(home.stateDir, 'muster.db'), 'nonsense '.repeat(2_000));

  const reminder = expect.stringMatching(/muster\.db\.corrupt-.*muster recover/);
  expect(await home.muster(['ps'], at)).toMatchObject({ stderr: reminder });
  // Nobody knows yet which repository it belongs to.
  expect(await home.muster(['recover'])).toMatchObject({ status: 1, stdout: expect.stringContaining('muster up') });
  expect(await home.muster(['up', '--yes'], at)).toMatchObject({ status: 0, stderr: reminder });

  expect(await home.musterJson(['recover'], at)).toMatchObject({ recovered: [sent.thread_id], left: [] });
  expect(readdirSync(home.stateDir).filter(name => name.includes('corrupt'))).toEqual([]);
  expect(await home.muster(['wait', sent.thread_id, '--timeout', '60'], at)).toMatchObject({ status: 0, stderr: '' });
  const { threads } = (await home.musterJson(['ps'], at)) as { threads: readonly Record<string, unknown>[] };
  expect(threads).toMatchObject([
    { thread_id: sent.thread_id, status: 'ready', summary: 'Fix the basket', files_changed: 1, base_ref: 'main' },
  ]);
  expect((await home.muster(['logs', sent.thread_id])).stdout).toMatch(/Fix the basket[^]*all done/);
  expect(await home.muster(['merge', sent.thread_id], at)).toMatchObject({ status: 0 });
  expect(execFileSync('git', ['show', 'main:task.txt'], { cwd: repository, encoding: 'utf8' })).toBe('Fix the basket');
  // Once is enough.
  expect(await home.musterJson(['recover'], at)).toMatchObject({ recovered: [], kept: [] });
});
