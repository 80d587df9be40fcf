import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  shell: {command: sh, args: ["say.sh"]}
agents:
  gardener: {provider: shell, env: {OWN: mine, BORROWED: {value: "\${DEPLOY_KEY}", secret: true}}}
`;

const script = `echo "greeting=$GREETING own=$OWN"
[ "$DEPLOY_KEY" = "$BORROWED" ] && [ -n "$DEPLOY_KEY" ] && echo "the same"
echo "key=$DEPLOY_KEY"
`;

const secret = 'tomato-9f3c1b77';

test('every run has the host’s variables; a file’s win, and a secret is hidden, kept out of the database and told to nobody', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file, 'say.sh': script });
  for (const args of [
    ['GREETING', 'hello'],
    ['OWN', 'the host’s'],
  ])
    expect(await home.muster(['variable', 'set', ...args])).toMatchObject({ status: 0 });
  expect(await home.muster(['variable', 'set', 'DEPLOY_KEY'], { input: `${secret}\n` })).toMatchObject({
    status: 0,
    stdout: 'DEPLOY_KEY is set, as a secret.\n',
  });
  expect(await home.musterJson(['variable', 'ls'])).toEqual({
    variables: [
      { name: 'DEPLOY_KEY', secret: true },
      { name: 'GREETING', secret: false, value: 'hello' },
      { name: 'OWN', secret: false, value: 'the host’s' },
    ],
  });
  // Who applies a file has its variables; runs may find others.
  const env = { DEPLOY_KEY: 'of who applied it' };
  expect(await home.muster(['up', '--yes'], { cwd: repository, env })).toMatchObject({ status: 0 });
  const say = async (): Promise<string> => {
    const dispatched = await home.muster(['dispatch', 'gardener', 'Say it', '--wait', '--json'], { cwd: repository });
    expect(dispatched).toMatchObject({ status: 0 });
    const { thread_id: thread } = JSON.parse(dispatched.stdout) as { thread_id: string };
    return (await home.muster(['logs', thread])).stdout;
  };
  const said = await say();
  expect(said).toContain('greeting=hello');
  expect(said).toContain('own=mine');
  expect(said).not.toContain(secret);
  expect(said).toContain('the same');
  expect(said).toMatch(/key=\S+/);

  const variables = join(home.stateDir, 'variables.json');
  expect(statSync(variables).mode & 0o777).toBe(0o600);
  const elsewhere = `cat ${home.stateDir}/*.db* ${home.stateDir}/*.log* ${home.stateDir}/logs/* 2>/dev/null || true`;
  const files = execFileSync('sh', ['-c', elsewhere], { maxBuffer: 256 * 1024 * 1024 });
  expect(files.length).toBeGreaterThan(1000);
  expect(files.includes(secret)).toBe(false);

  expect(await home.muster(['variable', 'rm', 'GREETING'])).toMatchObject({ stdout: 'GREETING is gone.\n' });
  expect(await home.muster(['variable', 'rm', 'GREETING'])).toMatchObject({ stdout: 'There was no GREETING.\n' });
  expect(await say()).toContain('greeting= own=mine');
});

test('names that decide what programs are, and what is no name, are refused; a damaged file is said and kept', async () => {
  const home = testHome(programs);
  for (const name of ['PATH', 'LD_PRELOAD', 'NODE_OPTIONS', 'GIT_DIR', 'MUSTER_HOME', '1ST', 'A-B', '__proto__x y'])
    expect(await home.muster(['variable', 'set', name, 'x'])).toMatchObject({ status: expect.any(Number), stdout: '' });
  expect(await home.muster(['variable', 'set', '__proto__', 'kept'])).toMatchObject({ status: 0 });
  expect(await home.musterJson(['variable', 'ls'])).toEqual({
    variables: [{ name: '__proto__', secret: false, value: 'kept' }],
  });
  await home.killHost();
  const variables = join(home.stateDir, 'variables.json');
  writeFileSync(variables, '{');
  const refused = await home.muster(['variable', 'set', 'GREETING', 'hello']);
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toContain('variables.json');
  expect(execFileSync('cat', [variables], { encoding: 'utf8' })).toBe('{');
});
