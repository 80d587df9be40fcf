import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** A project whose agent `worker` prints its task back, with a script as its scheduler. */
const withScript = (script: string): string => `name: shop
providers:
  shell: {command: sh, args: ["-c", "cat > asked.txt; cat asked.txt"]}
agents:
  worker:
    provider: shell
    scheduler:
      script: |
${script
  .trim()
  .split('\n')
  .map(line => `        ${line}`)
  .join('\n')}
`;

interface Scripted {
  readonly home: TestHome;
  readonly repository: string;
  /** Runs the script's callback by hand and waits for its end. */
  invoke(...args: readonly string[]): Promise<Record<string, unknown> & { readonly calls: readonly CallJson[] }>;
}

interface CallJson {
  readonly name: string;
  readonly given: string;
  readonly got: string;
  readonly error: string;
}

async function scripted(script: string): Promise<Scripted> {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': withScript(script) });
  const up = await home.muster(['up', '--yes'], { cwd: repository });
  expect(up).toMatchObject({ status: 0 });
  const invoke: Scripted['invoke'] = async (...args) => {
    const fired = await home.musterJson(['scheduler', 'trigger', 'worker', ...args], { cwd: repository });
    const { script_run_id: id } = fired as { script_run_id: string };
    const client = await home.connect();
    const { run } = await client.schedules.getScriptRun({ id, wait: true }, { signal: new AbortController().signal });
    if (!run) throw new Error('No run');
    return { ...run };
  };
  return { home, repository, invoke };
}

test('a script gives tasks, runs commands, remembers, publishes and logs, and its record says all of it', async () => {
  const { invoke, home, repository } = await scripted(`
function main(payload) {
  scheduler.log('begins', payload);
  const count = (scheduler.state.get('count') ?? 0) + 1;
  scheduler.state.set('count', count);
  const task = scheduler.agent('say ' + payload.word, { title: 'Say it' });
  const shell = scheduler.shell('echo "out $WORD"; echo err >&2; exit 3', { env: { WORD: "it's" } });
  const exec = scheduler.exec({ command: 'printf', args: ['%s|', 'a b', "c'd", '$HOME'] });
  const event = scheduler.event.publish('runtime.done', { count });
  return { count, text: task.text, shell: [shell.stdout, shell.stderr, shell.exitCode, shell.success], exec: exec.stdout, topic: event.topic };
}
scheduler.on('runtime.done', 'heard', event => scheduler.state.set('heard', event.payload.count));`);
  const first = await invoke('--payload', '{"word":"hello"}');
  expect(first).toMatchObject({ status: 'succeeded', error: '' });
  expect(JSON.parse(String(first['result']))).toEqual({
    count: 1,
    text: 'say hello',
    shell: ["out it's\n", 'err\n', 3, false],
    exec: "a b|c'd|$HOME|",
    topic: 'runtime.done',
  });
  expect(first.calls.map(({ name }) => name)).toEqual([
    'log',
    'state.get',
    'state.set',
    'agent',
    'shell',
    'exec',
    'event.publish',
  ]);
  const { runs } = (await home.musterJson(['scheduler', 'runs', 'worker'], { cwd: repository })) as { runs: object[] };
  expect(runs).toContainEqual(expect.objectContaining({ by: 'event', trigger: 'heard', status: 'started' }));
  const inspected = await home.musterJson(['scheduler', 'inspect', String(first['id'])], { cwd: repository });
  expect(inspected).toMatchObject({
    resource: 'script_run',
    script_run: { status: 'succeeded', calls: expect.arrayContaining([expect.objectContaining({ name: 'shell' })]) },
  });
  const second = await invoke('--payload', '{"word":"again"}');
  expect(JSON.parse(String(second['result']))).toMatchObject({ count: 2, text: 'say again' });
});

test('a script makes a sandbox, works in it twice, and finds it again by either era’s names', async () => {
  const { invoke } = await scripted(`
function main() {
  const { sandbox } = scheduler.sandbox.create({ title: 'Mine' });
  const { sandboxId } = sandbox;
  scheduler.shell('echo kept > here.txt', { sandboxId });
  const read = scheduler.exec({ command: 'cat', args: ['here.txt'], sandboxId });
  scheduler.session.ResumeSession({ sessionId: sandboxId });
  let refused = '';
  try { scheduler.sandbox.resume({ sandboxId: 'nothing' }); } catch (error) { refused = error.message; }
  let proxy = '';
  try { scheduler.sandbox.getSandboxProxy({ sandboxId }); } catch (error) { proxy = error.message; }
  return { read: read.stdout, same: read.sandboxId === sandboxId, title: sandbox.title, refused, proxy,
    listed: scheduler.sandbox.listSandboxes().sandboxes.map(each => each.sandboxId === sandboxId) };
}`);
  const ended = await invoke();
  expect(ended).toMatchObject({ status: 'succeeded', error: '' });
  expect(JSON.parse(String(ended['result']))).toEqual({
    read: 'kept\n',
    same: true,
    title: 'Mine',
    refused: expect.stringMatching(/There is no sandbox "nothing"/),
    proxy: expect.stringMatching(/sandbox\.getProxy is not there/),
    listed: [true],
  });
});

test('a script fires by the clock, and one that is killed with its host is lost and does not run twice', async () => {
  const { home, repository } = await scripted(`
scheduler.interval('often', () => {
  scheduler.state.set('n', (scheduler.state.get('n') ?? 0) + 1);
  scheduler.shell('sleep 300');
}, 200);`);
  const client = await home.connect();
  const signal = new AbortController().signal;
  const list = async () => {
    const at = await home.connect();
    const project = (await at.projects.listProjects({}, { signal })).projects[0];
    return (await at.schedules.listScriptRuns({ project: project?.id ?? '', agent: 'worker' }, { signal })).runs;
  };
  await expect.poll(async () => (await list())[0]?.status, { timeout: 30_000 }).toBe('running');
  await expect
    .poll(
      async () =>
        (await client.schedules.getScriptRun({ id: (await list())[0]?.id ?? '' }, { signal })).run?.calls.length ?? 0,
      { timeout: 30_000 },
    )
    .toBeGreaterThan(0);
  await home.killHost();
  await home.muster(['scheduler', 'disable', 'worker'], { cwd: repository });
  const runs = await list();
  expect(runs.at(-1)).toMatchObject({ status: 'lost', error: 'The host ended under it.' });
});

test.each([
  [
    'a syntax error',
    'const a = 1;\nconst = 2;',
    /agents\.worker\.scheduler\.script at line 10, column \d+: SyntaxError/,
  ],
  ['an exception', 'const a = 1;\n\nnothing();', /at line 11, column \d+: ReferenceError/],
  ['a call', `scheduler.agent('x');`, /scheduler\.agent is unavailable during validation/],
  ['a wrong calendar', `scheduler.cron('x', '99 * * * *', () => 1);`, /trigger "x": invalid cron expression/],
])('%s is refused when the file is applied, with its place', async (_, script, message) => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': withScript(script) });
  const { status, stderr } = await home.muster(['up', '--yes'], { cwd: repository });
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});

test('a script in a file is part of what is agreed to: another text asks again', async () => {
  const home = testHome(programs);
  const compose = `name: shop\nproviders:\n  shell: {command: sh, args: ["-c", "true"]}\nagents:\n  worker:\n    provider: shell\n    scheduler:\n      script: {provider: file, path: nightly.js}\n`;
  const repository = testRepository({ 'agent-compose.yml': compose, 'nightly.js': 'function main() { return 1 }\n' });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  expect(await home.muster(['up'], { cwd: repository })).toMatchObject({ status: 0 });
  writeFileSync(join(repository, 'nightly.js'), 'function main() { return 2 }\n');
  const asked = await home.muster(['up'], { cwd: repository });
  expect(asked).toMatchObject({ status: 2, stderr: expect.stringContaining('return 2') });
});

test('agent-compose’s invoke waits for a script, prints what it gives back and fails with it', async () => {
  const { home, repository } = await scripted(`
function main(payload) {
  if (payload.fail) throw new Error('as asked');
  return { twice: payload.n * 2 };
}`);
  const invoke = (payload: string) =>
    home.muster(['scheduler', 'invoke', 'worker', '--payload', payload, '--json', '--compat', 'head'], {
      cwd: repository,
    });
  const ended = await invoke('{"n":21}');
  expect(ended).toMatchObject({ status: 0 });
  expect(JSON.parse(ended.stdout)).toMatchObject({ status: 'succeeded', result_json: '{"twice":42}' });
  const failed = await invoke('{"fail":true}');
  expect(failed).toMatchObject({ status: 1, stderr: expect.stringContaining('as asked') });
  expect(JSON.parse(failed.stdout)).toMatchObject({ status: 'failed' });
});
