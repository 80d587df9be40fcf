import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** Two agents that do the same in their own ways. */
const file = `name: shop
providers:
  short: {command: sh, args: ["-c", "echo short > answer.txt"]}
  long: {command: sh, args: ["-c", "echo long > answer.txt; echo more > notes.txt"]}
agents:
  ada: {provider: short}
  bob: {provider: long}
`;

test('a task is tried by several, compared, and the best is kept and merged; the others come back when wanted', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const muster = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  await muster('up', '--yes');
  expect(await muster('dispatch', 'ada', 'Answer', '--best-of', '1')).toMatchObject({ status: 2 });
  expect(await muster('dispatch', 'ada', 'Answer', '--best-of', 'bob', '--batch', 'x')).toMatchObject({ status: 2 });
  expect((await muster('dispatch', 'ada', 'Answer', '--best-of', 'nobody')).stderr).toContain('nobody');
  // None of them was begun.
  expect(JSON.parse((await muster('ps', '--json')).stdout)).toMatchObject({ threads: [] });

  const given = await muster('dispatch', 'ada', 'Answer', '--best-of', 'bob,ada', '--wait', '--json');
  expect(given.status).toBe(0);
  const { batch, threads } = JSON.parse(given.stdout) as {
    batch: string;
    threads: readonly { thread_id: string; agent: string; status: string }[];
  };
  expect(threads.map(({ agent, status }) => [agent, status])).toEqual([
    ['ada', 'ready'],
    ['bob', 'ready'],
    ['ada', 'ready'],
  ]);
  const [first = '', second = '', third = ''] = threads.map(({ thread_id }) => thread_id);
  expect((await muster('batch', 'status', batch)).stdout).toMatch(/bob.*\+2 −0/);
  expect((await muster('diff', first, '--with', second)).stdout).toContain('-long\n+short');
  // What has landed since is part of the comparison with the target as it is now, and not of what the thread would bring.
  writeFileSync(join(repository, 'landed.txt'), 'landed\n');
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: repository, env: { ...process.env, ...home.env }, encoding: 'utf8' });
  git('add', 'landed.txt');
  git('commit', '--quiet', '--message', 'Land something');
  expect((await muster('diff', first)).stdout).not.toContain('landed');
  expect((await muster('diff', first, '--with-target')).stdout).toContain('-landed');
  expect(await muster('diff', first, '--with-target', '--with', second)).toMatchObject({ status: 2 });

  expect(await muster('keep', second)).toMatchObject({
    status: 0,
    stdout: `${second} kept\n${first} abandoned\n${third} abandoned\n`,
  });
  expect(await muster('merge', second)).toMatchObject({ status: 0 });
  const show = execFileSync('git', ['show', 'HEAD:answer.txt'], { cwd: repository, encoding: 'utf8' });
  expect(show).toBe('long\n');
  expect(await muster('restore', first)).toMatchObject({ status: 0 });
  expect((await muster('diff', first)).stdout).toContain('+short');
});

test('one agent tries a task with several models; each thread keeps its own when it goes on', async () => {
  const home = testHome(programs);
  const repository = testRepository({
    'agent-compose.yml': `name: shop
providers:
  said: {command: sh, args: ["-c", "echo $1 >> models.txt", "sh", "{{model}}"]}
  reviews: {command: sh, args: ["-c", "if [ $(wc -l < models.txt) -lt 2 ]; then echo 'VERDICT: request changes'; else echo 'VERDICT: approve'; fi"]}
agents:
  ada: {provider: said, model: usual, handoff: {on_response: eve}}
  eve: {provider: reviews, model: reviewer, workspace: {provider: thread, access: read}}
`,
  });
  const muster = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  await muster('up', '--yes');
  for (const models of ['one', 'one,', 'one,--dangerous', 'one,$(reboot)'])
    expect(await muster('dispatch', 'ada', 'Answer', '--models', models)).not.toMatchObject({ status: 0 });
  expect((await muster('dispatch', 'ada', 'Answer', '--models', 'one,two', '--best-of', '2')).status).toBe(2);
  expect(JSON.parse((await muster('ps', '--json')).stdout)).toMatchObject({ threads: [] });

  const given = await muster('dispatch', 'ada', 'Answer', '--models', 'one,x/two[1m]', '--wait', '--json');
  expect(given).toMatchObject({ status: 0 });
  const { threads } = JSON.parse(given.stdout) as { threads: readonly { thread_id: string; model: string }[] };
  expect(threads.map(({ model }) => model)).toEqual(['one', 'x/two[1m]']);
  for (const { thread_id: id, model } of threads) {
    // The reviewer, who has a model of its own, sent it back once.
    expect((await muster('exec', id, '--', 'cat', 'models.txt')).stdout).toBe(`${model}\n${model}\n`);
    await home.killHost();
    await muster('dispatch', 'ada', 'Again', '--thread', id, '--skip-handoff', '--wait');
    expect((await muster('exec', id, '--', 'tail', '-n', '1', 'models.txt')).stdout).toBe(`${model}\n`);
  }
  const usual = await muster('dispatch', 'ada', 'As usual', '--skip-handoff', '--wait', '--json');
  const { thread_id: id } = JSON.parse(usual.stdout) as { thread_id: string };
  expect((await muster('exec', id, '--', 'cat', 'models.txt')).stdout).toBe('usual\n');
});
