import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.js';
import { tempDirectory } from '../support/tempDirectory.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** One whose parent is gone may stay as a zombie where nobody collects it. */
function isAlive(pid = ''): boolean {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ' Z ';
  return !/ Z /.test(stat);
}

test('a verify command whose host was killed is ended before the next host verifies again', async () => {
  const home = testHome(programs);
  const proof = join(tempDirectory(), 'pids');
  const cwd = testRepository({
    'agent-compose.yml': [
      'name: verified',
      'providers: {sh: {command: sh, args: [-c, "cat > task.txt"], output: {format: text}}}',
      'agents: {dev: {provider: sh}}',
      `merge: {verify: [${JSON.stringify(`sh -c 'echo $$ >> ${proof}; exec sleep 600'`)}]}`,
      '',
    ].join('\n'),
  });
  expect(await home.muster(['up', '--yes'], { cwd })).toMatchObject({ status: 0 });
  const sent = (await home.musterJson(['dispatch', 'dev', 'Make it', '--wait'], { cwd })) as { thread_id: string };
  const client = await home.connect();
  await client.merges.requestMerge({ threadId: sent.thread_id });
  const pids = (): readonly string[] => (existsSync(proof) ? readFileSync(proof, 'utf8').trim().split('\n') : []);
  await vi.waitUntil(() => pids().length === 1, { timeout: 60_000 });
  await home.killHost();
  const next = await home.connect();
  await vi.waitUntil(() => pids().length === 2, { timeout: 60_000 });
  const [first, second] = pids();
  expect(isAlive(first)).toBe(false);
  await next.threads.cancelThread({ threadId: sent.thread_id });
  await vi.waitUntil(() => !isAlive(second), { timeout: 60_000 });
});
