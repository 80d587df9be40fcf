import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = (interval: string): string => `name: shop
providers:
  shell: {command: sh, args: ["-c", "date > stamp.txt; echo done"]}
agents:
  gardener:
    provider: shell
    scheduler:
      triggers:
        - {name: often, interval: ${interval}, prompt: Water the plants.}
        - {cron: "0 3 * * *", timezone: Europe/Berlin}
`;

test('an applied interval makes runs by itself, also through the next host, until it is switched off', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file('300ms') });
  const json = (...args: readonly string[]): Promise<unknown> => home.musterJson(args, { cwd: repository });
  const runs = async (): Promise<readonly { status: string; thread_id?: string }[]> =>
    ((await json('scheduler', 'runs', '--trigger', 'often')) as { runs: { status: string; thread_id?: string }[] })
      .runs;

  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const started = async (): Promise<number> => (await runs()).filter(({ status }) => status === 'started').length;
  await expect.poll(started, { timeout: 60_000 }).toBeGreaterThanOrEqual(2);

  const thread = (await runs()).find(({ status }) => status === 'started')?.thread_id ?? '';
  await home.muster(['wait', thread, '--timeout', '60'], { cwd: repository });
  const { stdout } = await home.muster(['logs', thread], { cwd: repository });
  expect(stdout).toContain('Water the plants.');

  await home.killHost();
  const before = await started();
  await expect.poll(started, { timeout: 60_000 }).toBeGreaterThan(before);

  await json('scheduler', 'disable', 'gardener', 'often');
  const { triggers } = (await json('scheduler', 'ls')) as { triggers: object[] };
  expect(triggers).toMatchObject([
    { name: 'often', kind: 'interval', interval_ms: 300, trigger_enabled: false },
    {
      name: 'cron-2',
      kind: 'cron',
      source: 'cron:0 3 * * *@Europe/Berlin',
      next_fire_at: expect.stringMatching(/T0[12]:00:00/),
    },
  ]);
  const { fires } = (await json('scheduler', 'simulate')) as { fires: object[] };
  expect(fires).toMatchObject([{ agent_name: 'gardener', trigger: 'cron-2' }]);
});

test('a trigger that is not there is told with those that are', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file('1h') });
  await home.muster(['up', '--yes'], { cwd: repository });
  const { status, stderr } = await home.muster(['scheduler', 'trigger', 'gardener', 'rarely'], { cwd: repository });
  expect(status).toBe(2);
  expect(stderr).toMatch(/no trigger "rarely".*often, cron-2/);
  const nobody = await home.muster(['scheduler', 'trigger', 'often'], { cwd: repository });
  expect(nobody.stderr).toMatch(/no agent "often".*gardener/);
  expect((await home.muster(['scheduler', 'ls'], { cwd: repository })).stdout).toContain('every 1 h');
  expect((await home.muster(['scheduler', 'simulate'], { cwd: repository })).stdout).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}gardener/m,
  );
  const one = await home.musterJson(['scheduler', 'simulate', '--trigger', 'cron-2'], { cwd: repository });
  expect((one as { fires: { trigger: string }[] }).fires.map(({ trigger }) => trigger)).toEqual(['cron-2']);
});

test('a payload by hand reaches the prompt, and agent-compose’s commands tell of the run and stop one', async () => {
  const home = testHome(programs);
  const compose = `name: shop
providers:
  echo: {command: cat, input: stdin, output: {format: text}, permissions: auto}
  sleeper: {command: sleep, args: ['600'], input: stdin, output: {format: text}, permissions: auto}
agents:
  echo: {provider: echo, scheduler: {triggers: [{name: said, event: {topic: words}, prompt: "Say \${{ event.payload.word }}"}]}}
  sleeper: {provider: sleeper, scheduler: {triggers: [{name: long, interval: 10h, prompt: Sleep}]}}
`;
  const repository = testRepository({ 'agent-compose.yml': compose });
  const head = (...args: readonly string[]): Promise<unknown> =>
    home.musterJson([...args, '--compat', 'head'], { cwd: repository });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });

  const bad = await home.muster(['scheduler', 'trigger', 'echo', '--payload', '{word'], { cwd: repository });
  expect(bad).toMatchObject({ status: 2, stderr: expect.stringContaining('no JSON') });
  const ran = (await head('scheduler', 'trigger', 'echo', '--payload', '{"word":"hello"}')) as { id: string };
  expect(ran).toMatchObject({ status: 'succeeded', agent_name: 'echo' });
  expect((await home.muster(['logs', '--run-id', ran.id], { cwd: repository })).stdout).toContain('Say hello');

  const asleep = (await head('scheduler', 'trigger', 'sleeper', '-d')) as { id: string };
  expect(await head('scheduler', 'runs', '--status', 'running')).toMatchObject({ runs: [{ run_id: asleep.id }] });
  expect(await head('scheduler', 'stop', asleep.id)).toMatchObject({
    stop_requested: true,
    run: { status: 'canceled' },
  });
  const { events } = (await head('scheduler', 'logs')) as { events: readonly { run_id: string; type: string }[] };
  expect(events.map(({ run_id: run, type }) => [run, type])).toEqual([
    [ran.id, 'scheduler.run.started'],
    [ran.id, 'scheduler.run.completed'],
    [asleep.id, 'scheduler.run.started'],
    [asleep.id, 'scheduler.run.canceled'],
  ]);
  expect((await home.muster(['scheduler', 'ls'], { cwd: repository })).stdout).toMatch(/^echo +said +words +by event/m);
  expect(await head('scheduler', 'inspect', 'said')).toMatchObject({
    resource: 'trigger',
    trigger: { topic: 'words' },
  });
  expect(await head('scheduler', 'inspect', ran.id)).toMatchObject({ resource: 'run', run: { status: 'succeeded' } });
  expect(await head('inspect', 'scheduler', ran.id)).toEqual(await head('scheduler', 'inspect', ran.id));
});
