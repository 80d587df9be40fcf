import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const indented = (text: string): string => text.trim().replaceAll('\n', '\n        ');

/**
 * Agent `worker` notes each task in a file outside its worktree and answers with it; a task that says `wait` waits until a person lets
 * it go, one that says `fail` fails until it is mended.
 */
const withWorkflow = (notes: string, body: string, other = ''): string => `name: shop
providers:
  shell:
    command: sh
    args: ["-c", 'task=$(cat | head -n 1); echo "$task" >> ${notes}/asked; case $task in *wait*) while [ ! -e ${notes}/go ]; do sleep 0.1; done;; *fail*) [ -e ${notes}/mended ] || exit 7;; esac; echo "did $task"']
agents:
  worker:
    provider: shell
    concurrency: 8
    scheduler:
      script: |
        export const meta = { name: 'audit', description: 'Looks around' };
        ${indented(body)}
  other:
    provider: shell
    scheduler:
      script: |
        ${indented(other === '' ? 'function main() {}' : other)}
`;

interface Flow {
  readonly home: TestHome;
  readonly notes: string;
  start(...args: readonly string[]): Promise<string>;
  end(id: string): Promise<{
    readonly status: string;
    readonly result: unknown;
    readonly error: string;
    readonly calls: readonly string[];
  }>;
  asked(): readonly string[];
}

async function flow(body: string, other?: string): Promise<Flow> {
  const home = testHome(programs);
  const notes = tempDirectory();
  const repository = testRepository({ 'agent-compose.yml': withWorkflow(notes, body, other) });
  const up = await home.muster(['up', '--yes'], { cwd: repository });
  expect(up, up.stderr).toMatchObject({ status: 0 });
  const start: Flow['start'] = async (...args) => {
    const fired = await home.musterJson(['scheduler', 'trigger', ...args], { cwd: repository });
    return (fired as { script_run_id: string }).script_run_id;
  };
  const end: Flow['end'] = async id => {
    const client = await home.connect();
    const { run } = await client.schedules.getScriptRun({ id, wait: true }, { signal: new AbortController().signal });
    if (!run) throw new Error('No run');
    const { status, result, error, calls } = run;
    return {
      status,
      error,
      result: result === '' ? undefined : JSON.parse(result),
      calls: calls.map(call => call.name),
    };
  };
  const asked = (): readonly string[] =>
    existsSync(join(notes, 'asked')) ? readFileSync(join(notes, 'asked'), 'utf8').trim().split('\n').toSorted() : [];
  return { home, notes, start, end, asked };
}

test('a workflow gives tasks side by side, runs a workflow inside it, and says what it did', async () => {
  const { start, end, asked } = await flow(
    `phase('Look');
const found = await pipeline(args.files, file => agent('look at ' + file, { label: file }), text => text.toUpperCase());
const inner = await workflow('inner', { n: 20 });
return { found, inner, project: cwd.length > 0 };`,
    `export const meta = { name: 'inner', description: 'Doubles' };\nreturn { twice: args.n * 2, nested: await workflow('audit').catch(error => error.message) };`,
  );
  const ended = await end(await start('worker', '--payload', '{"files":["a","b"]}'));
  expect(ended).toMatchObject({
    status: 'succeeded',
    result: {
      found: ['DID LOOK AT A', 'DID LOOK AT B'],
      inner: { twice: 40, nested: 'A workflow that was started by another one starts none.' },
      project: true,
    },
  });
  expect(ended.calls).toEqual(['phase', 'agent', 'agent', 'workflow']);
  expect(asked()).toEqual(['look at a', 'look at b']);
});

test.each([
  ['was killed', (home: TestHome) => home.killHost()],
  ['was told to end', (home: TestHome) => home.muster(['daemon', 'stop'])],
])('a workflow whose host %s goes on under the next one, and no agent works twice', async (_, leave) => {
  const { home, notes, start, end, asked } = await flow(
    `const first = await agent('first');
const both = await parallel([() => agent('wait for me'), () => agent('second')]);
return [first, ...both, await agent('last')];`,
  );
  const id = await start('worker');
  await expect.poll(asked, { timeout: 60_000 }).toEqual(['first', 'second', 'wait for me']);
  await leave(home);
  writeFileSync(join(notes, 'go'), '');
  expect(await end(id)).toMatchObject({
    status: 'succeeded',
    result: ['did first', 'did wait for me', 'did second', 'did last'],
  });
  expect(asked()).toEqual(['first', 'last', 'second', 'wait for me']);
});

test('a run that resumes another asks only for what is missing or was given something else', async () => {
  const { notes, start, end, asked } = await flow(
    `const kept = await agent('keep this');
return [kept, await agent('fail or not'), await agent('for ' + args.who, { key: 'who' })];`,
  );
  const first = await start('worker', '--payload', '{"who":"a"}');
  expect(await end(first)).toMatchObject({ status: 'failed', error: expect.stringMatching(/worker failed/) });
  writeFileSync(join(notes, 'mended'), '');
  const second = await start('worker', '--resume', first);
  expect(await end(second)).toMatchObject({
    status: 'succeeded',
    result: ['did keep this', 'did fail or not', 'did for a'],
    calls: ['agent (reused)', 'agent', 'agent'],
  });
  const third = await start('worker', '--resume', second, '--payload', '{"who":"b"}');
  expect(await end(third)).toMatchObject({
    result: ['did keep this', 'did fail or not', 'did for b'],
    calls: ['agent (reused)', 'agent (reused)', 'agent'],
  });
  expect(asked()).toEqual(['fail or not', 'fail or not', 'for a', 'for b', 'keep this']);
});

test('a scheduler’s script starts a workflow by its name, and a literal that is none is refused with its place', async () => {
  const { start, end } = await flow(
    `return 'saw ' + args.what;`,
    `function main() { return scheduler.workflow('audit', { what: 'it' }); }`,
  );
  expect(await end(await start('other'))).toMatchObject({ status: 'succeeded', result: 'saw it' });
  const home = testHome(programs);
  const wrong = withWorkflow('/tmp', 'return 1;').replace("name: 'audit'", 'name: audit()');
  const repository = testRepository({ 'agent-compose.yml': wrong });
  const { status, stderr } = await home.muster(['up', '--yes'], { cwd: repository });
  expect(status).toBe(2);
  expect(stderr).toMatch(/agents\.worker\.scheduler\.script at line 12, column 37: meta: only texts/);
});

test('a workflow that has used its tokens starts no further agent', async () => {
  const home = testHome(programs);
  const file = withWorkflow(
    tempDirectory(),
    `const first = await agent('a task that is answered with some words');
return [first, budget.spent() > 0, await agent('another').catch(error => error.message)];`,
  ).replace("description: 'Looks around'", "description: 'Looks around', budget: 5");
  const repository = testRepository({ 'agent-compose.yml': file });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const ended = (await home.musterJson(['scheduler', 'invoke', 'worker', '--compat', 'head'], { cwd: repository })) as {
    result_json: string;
  };
  expect(JSON.parse(ended.result_json)).toEqual([
    'did a task that is answered with some words',
    true,
    expect.stringMatching(/^The workflow has used its budget: \d+ of 5 output tokens\.$/),
  ]);
});
