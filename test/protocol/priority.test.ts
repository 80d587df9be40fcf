import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

test('what is urgent starts before what was queued earlier', async () => {
  const home = testHome(await buildPrograms());
  const place = tempDirectory('muster-order-');
  const [order, gate] = [join(place, 'order'), join(place, 'go')];
  const script = `read -r task; echo "$task" >> ${order}; until [ -e ${gate} ]; do sleep 0.05; done`;
  const cwd = testRepository({
    'agent-compose.yml': JSON.stringify({
      name: 'shop',
      providers: { author: { command: 'sh', args: ['-c', script], output: { format: 'text' } } },
      agents: { dev: { provider: 'author', concurrency: 1 } },
    }),
  });
  expect(await home.muster(['up', '--yes'], { cwd })).toMatchObject({ status: 0 });
  const dispatch = async (task: string, ...more: readonly string[]): Promise<string> => {
    const sent = (await home.musterJson(['dispatch', 'dev', task, ...more], { cwd })) as { thread_id: string };
    return sent.thread_id;
  };
  await dispatch('first');
  await expect.poll(() => existsSync(order)).toBe(true);
  const plain = await dispatch('plain');
  await dispatch('urgent', '--priority', '5');
  expect(await home.muster(['dispatch', 'dev', 'x', '--priority', 'soon'], { cwd })).toMatchObject({ status: 2 });
  expect(await home.muster(['dispatch', 'dev', 'x', '--priority', '1001'], { cwd })).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('from -1000 to 1000'),
  });
  expect(await home.muster(['dispatch', 'dev', 'x', '--best-of', '2', '--priority', '5'], { cwd })).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--priority'),
  });
  writeFileSync(gate, '');
  expect(await home.muster(['wait', plain], { cwd })).toMatchObject({ status: 0 });
  expect(readFileSync(order, 'utf8').trim().split('\n')).toEqual(['first', 'urgent', 'plain']);
});
