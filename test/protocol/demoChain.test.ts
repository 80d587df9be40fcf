import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
agents:
  dev: {provider: demo, args: [--seconds, "0"], handoff: {on_response: reviewer}}
  reviewer: {provider: demo, args: [--seconds, "0", --verdict, approve]}
`;

test('a first chain of demo agents ends with a verdict, and only the task is in what would be merged', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const { thread_id: thread } = (await home.musterJson(['dispatch', 'dev', 'Greet the world'], {
    cwd: repository,
  })) as { thread_id: string };
  expect(await home.muster(['wait', thread, '--timeout', '60'], { cwd: repository })).toMatchObject({ status: 0 });
  const client = await home.connect();
  await expect
    .poll(async () => (await client.threads.getThread({ threadId: thread })).thread)
    .toMatchObject({ status: 'ready', needs: '', chain: { state: 'approved' } });
  const { thread: told } = await client.threads.getThread({ threadId: thread });
  const written = execFileSync('git', ['show', `${told?.branch}:MUSTER_DEMO.md`], {
    cwd: repository,
    encoding: 'utf8',
  });
  expect(written).toContain('> Greet the world');
  expect(written).not.toContain('VERDICT');
});
