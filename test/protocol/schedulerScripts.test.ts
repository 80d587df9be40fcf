import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testRepository, type Programs } from '../support/hostProcess.ts';
import { timedHome } from '../support/timedHome.ts';

/** The kinds of scripts that agent-compose has examples of, each against a real host. */

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const minute = 60_000;
const hour = 60 * minute;
const start = Date.UTC(2031, 0, 1, 0, 30);
const signal = new AbortController().signal;

async function scripted(script: string) {
  const home = timedHome(programs, start);
  const indented = script.trim().replaceAll('\n', '\n        ');
  const repository = testRepository({
    'agent-compose.yml': `name: shop
providers:
  shell: {command: sh, args: ["-c", "cat"]}
agents:
  worker:
    provider: shell
    scheduler:
      overlap: queue
      script: |
        ${indented}
`,
  });
  const up = await home.muster(['up', '--yes'], { cwd: repository });
  expect(up, up.stderr).toMatchObject({ status: 0 });
  const client = await home.connect();
  const project = (await client.projects.listProjects({}, { signal })).projects[0]?.id ?? '';
  /** What came of the script’s runs, the oldest first: `trigger result`. */
  const told = async (): Promise<readonly string[]> => {
    const { runs } = await client.schedules.listScriptRuns({ project, agent: 'worker' }, { signal });
    return runs
      .filter(({ status }) => status !== 'running')
      .map(({ trigger, result, error }) => `${trigger || 'main'} ${result}${error}`)
      .toReversed();
  };
  const trigger = (...args: readonly string[]) =>
    home.muster(['scheduler', 'trigger', 'worker', ...args], { cwd: repository });
  const publish = (topic: string, payload: string) =>
    home.muster(['event', 'publish', topic, payload], { cwd: repository });
  const triggers = async (): Promise<readonly string[]> =>
    (await client.schedules.listTriggers({ project }, { signal })).triggers.map(
      ({ name, source }) => `${name} ${source}`,
    );
  /** A command of `scheduler` as agent-compose prints it. */
  const asHead = (...args: readonly string[]): Promise<unknown> =>
    home.musterJson(['scheduler', ...args, '--compat', 'head'], { cwd: repository });
  const eventually = () => expect.poll(told, { timeout: 60_000 });
  return { home, repository, told, trigger, triggers, publish, asHead, eventually };
}

test('only main: it runs by hand, with what it is given', async () => {
  const { trigger, triggers, eventually } = await scripted(`
function main(payload) {
  scheduler.log('asked', payload);
  return { hello: payload?.name ?? 'nobody' };
}`);
  expect(await triggers()).toEqual([]);
  await trigger('--payload', '{"name":"Ada"}');
  await eventually().toEqual(['main {"hello":"Ada"}']);
  await trigger();
  await eventually().toEqual(['main {"hello":"Ada"}', 'main {"hello":"nobody"}']);
});

test('an interval that counts in the state, by the clock', async () => {
  const { home, triggers, eventually } = await scripted(`
scheduler.interval('count', () => {
  const count = (scheduler.state.get('count') ?? 0) + 1;
  scheduler.state.set('count', count);
  return count;
}, 60 * 60 * 1000);`);
  expect(await triggers()).toEqual(['count interval:3600000']);
  home.setTime(start + hour + minute);
  await eventually().toEqual(['count 1']);
  home.setTime(start + 2 * hour + 2 * minute);
  await eventually().toEqual(['count 1', 'count 2']);
});

test('an event starts an agent with its payload', async () => {
  const { publish, eventually } = await scripted(`
scheduler.on('external.issue.*', 'issues', event => {
  const answer = scheduler.agent('Look at ' + event.payload.title, { title: event.topic });
  return [event.topic, answer.text];
});`);
  await publish('external.issue.opened', '{"title":"the door"}');
  await publish('external.other', '{"title":"nothing"}');
  await eventually().toEqual(['issues ["external.issue.opened","Look at the door"]']);
});

test('a calendar with a time zone, in both spellings of the call', async () => {
  const { home, triggers, eventually } = await scripted(`
scheduler.cron('berlin', '0 2 * * *', () => 'two in Berlin', { timezone: 'Europe/Berlin' });
scheduler.schedule('30 4 * * *', () => 'half past four', { id: 'utc', tz: 'UTC' });`);
  expect(await triggers()).toEqual(['berlin cron:0 2 * * *@Europe/Berlin', 'utc cron:30 4 * * *@UTC']);
  // Two in Berlin is one o’clock here.
  home.setTime(start + 31 * minute);
  await eventually().toEqual(['berlin "two in Berlin"']);
  home.setTime(start + 4 * hour + minute);
  await eventually().toEqual(['berlin "two in Berlin"', 'utc "half past four"']);
});

test('several triggers share one workflow, and the end of its agent is an event by the name that agent-compose gives it', async () => {
  const { home, trigger, publish, eventually } = await scripted(`
function review(source) {
  const runs = (scheduler.state.get('runs') ?? 0) + 1;
  scheduler.state.set('runs', runs);
  return source + ' ' + scheduler.agent('review ' + runs).text;
}
scheduler.timeout('once', () => review('timeout'), 60 * 1000);
scheduler.on('external.push', 'push', () => review('push'));
scheduler.on('agent-compose.agent.completed', 'after', event => event.topic);
function main() { return review('hand'); }`);
  await trigger();
  await eventually().toEqual(['main "hand review 1"', 'after "agent-compose.agent.completed"']);
  await publish('external.push', '{}');
  await eventually().toEqual(expect.arrayContaining(['push "push review 2"']));
  home.setTime(start + 2 * minute);
  await eventually().toEqual(expect.arrayContaining(['once "timeout review 3"']));
});

test('triggers that are registered under a condition, and taken back', async () => {
  const { triggers, trigger, eventually } = await scripted(`
const isBusy = true;
const slow = scheduler.setInterval('slow', () => 'slow', 24 * 3600 * 1000);
if (isBusy) {
  scheduler.clearInterval(slow);
  setInterval('fast', () => 'fast', 12 * 3600 * 1000);
}
const never = setTimeout(() => 'never', 5000);
clearTimeout(never);`);
  expect(await triggers()).toEqual(['fast interval:43200000']);
  await trigger('fast');
  await eventually().toEqual(['fast "fast"']);
});

test('what a script did is in the logs of its scheduler, and one that runs can be stopped', async () => {
  const { home, repository, trigger, asHead } = await scripted(`
function main(payload) {
  console.warn('careful');
  scheduler.log('asked', payload);
  scheduler.state.set('asked', true);
  scheduler.agent('Do it');
  try { scheduler.event.publish('muster.forged', {}); } catch {}
  if (payload.wait) scheduler.shell('sleep 600');
  if (payload.fail) throw new Error('it broke');
  return 'ok';
}`);
  const run = async (payload: object, ...more: readonly string[]) =>
    (await asHead('trigger', 'worker', '--payload', JSON.stringify(payload), ...more)) as { id: string };
  const ok = await run({ n: 1 });
  expect(ok).toMatchObject({ status: 'succeeded', result_json: '"ok"', payload_json: '{"n":1}' });
  const broken = await trigger('--payload', '{"fail":true}', '--compat', 'head');
  expect(broken).toMatchObject({ status: 1, stdout: expect.stringMatching(/^Run: .+\nStatus: failed\n$/) });

  const { events } = (await asHead('logs', '--run', ok.id)) as { events: readonly Record<string, string>[] };
  expect(
    events.map(({ level, type, message = '', payload_json: payload = '' }) => [level, type, message, payload]),
  ).toEqual([
    ['info', 'scheduler.run.started', '', ''],
    ['warn', 'scheduler.log', 'careful', ''],
    ['info', 'scheduler.log', 'asked', '{"n":1}'],
    ['info', 'scheduler.agent.completed', '', expect.stringContaining('Do it')],
    ['error', 'scheduler.event.publish.failed', expect.stringContaining('muster.forged'), ''],
    ['info', 'scheduler.run.completed', '', ''],
  ]);
  const { stdout } = await home.muster(['scheduler', 'logs', '-n', '1'], { cwd: repository });
  expect(stdout).toMatch(/error +scheduler\.run\.failed .*it broke/);

  const long = await run({ wait: true }, '-d');
  expect(await asHead('runs')).toMatchObject({
    runs: [
      { run_id: long.id, status: 'running' },
      { status: 'failed', error: expect.stringContaining('it broke') },
      { run_id: ok.id, status: 'succeeded' },
    ],
  });
  expect(await asHead('stop', long.id)).toMatchObject({ stop_requested: true, run: { status: 'canceled' } });
  expect(await asHead('stop', ok.id)).toMatchObject({ stop_requested: false, run: { status: 'succeeded' } });
});
