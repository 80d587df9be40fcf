import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listFiles } from '../../../src/build/files.ts';
import { inRepository } from '../../../src/build/paths.ts';
import { composeVariables } from '../../../src/cli/output/compose/composeVariables.js';
import { runInProcess, type CliRun } from '../../support/cliRunner.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const FILE =
  'name: shop\nvariables: {REGION: "${REGION}"}\nagents:\n  dev: {scheduler: {triggers: [{interval: 90m}]}}\n';

/** A folder with these files, and `config` in it or below it. */
function setUp(files: Readonly<Record<string, string | Uint8Array>>): {
  readonly folder: string;
  readonly config: (...args: readonly string[]) => Promise<CliRun>;
  readonly configIn: (cwd: string, ...args: readonly string[]) => Promise<CliRun>;
} {
  const folder = tempDirectory();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const configIn = (cwd: string, ...args: readonly string[]): Promise<CliRun> =>
    runInProcess(['config', ...args], { stateDir: folder, cwd });
  return { folder, config: (...args) => configIn(folder, ...args), configIn };
}

describe('config --compat', () => {
  test.each([
    [
      'head',
      /^name: shop\nvariables:\n {4}- name: REGION\n {6}value: eu\nagents:\n {4}- name: dev\n {6}enabled: true\n/,
    ],
    ['seed', /^name: shop\nvariables:\n {4}- name: REGION\n {6}value: eu\nagents:\n {4}- name: dev\n {6}driver:\n/],
  ])('%s prints that era’s form, as YAML and as one line of JSON', async (era, expected) => {
    const { config } = setUp({ 'agent-compose.yml': FILE, '.env': 'REGION=eu\n' });
    const yaml = await config('--compat', era);
    expect(yaml.status).toBe(0);
    expect(yaml.stdout).toMatch(expected);
    expect(yaml.stdout).toContain('interval: 90m\n');
    expect(yaml.stdout.includes('network:')).toBe(era === 'seed');
    const json = await config('--compat', era, '--json');
    expect(json.stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(json.stdout)).toMatchObject({
      name: 'shop',
      agents: [{ driver: { name: 'docker', docker: {} } }],
    });
  });

  test('head prints the content of script files, and says which cannot be read', async () => {
    const file = 'agents:\n  dev: {scheduler: {script: {provider: file, path: ./jobs//nightly.js}}}\n';
    const { config, folder } = setUp({
      'agent-compose.yml': `name: shop\n${file}`,
      'jobs/nightly.js': ' scheduler.agent("hi");\n',
    });
    expect((await config('--compat', 'head')).stdout).toContain('script: scheduler.agent("hi");\n');
    writeFileSync(join(folder, 'jobs/nightly.js'), '\n');
    const { status, stdout, stderr } = await config('--compat', 'head');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${join(folder, 'jobs/nightly.js')} cannot be read: it is empty`);
  });

  test('a variable with a name that every object has is not one that is set', async () => {
    const names = ['constructor', '__proto__', 'toString'];
    for (const name of names) {
      const { config } = setUp({ 'agent-compose.yml': `agents: {dev: {provider: claude, model: '\${${name}}'}}\n` });
      const { status, stdout, stderr } = await config();
      expect([status, stdout], name).toEqual([2, '']);
      expect(stderr, name).toContain(`environment variable ${name} is required`);
    }
  });

  test('says what the era does not know', async () => {
    const { config } = setUp({ 'agent-compose.yml': 'agents: {dev: {permissions: auto, timeout: 1h}}\n' });
    const { status, stdout, stderr } = await config('--compat', 'head');
    expect([status, stdout.includes('permissions')]).toEqual([0, false]);
    expect(stderr).toBe(
      'warning: not part of agent-compose (head) and left out: agents.dev.permissions, agents.dev.timeout\n',
    );
  });
});

describe('env files of config', () => {
  test('one that is named and missing is an error with its path, and no variable is blamed for it', async () => {
    const { config, folder } = setUp({ 'agent-compose.yml': `env_file: [a.env, b.env]\n${FILE}`, 'a.env': 'A=1\n' });
    const { status, stdout, stderr } = await config();
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${join(folder, 'b.env')}: the env file cannot be read: `);
    expect(stderr).not.toContain('REGION');
  });

  test('a line that is none is an error with file, line and reason: first, and once', async () => {
    const { config, folder } = setUp({ 'agent-compose.yml': `${FILE}nonsense: 1\n`, '.env': 'A=1\nREGION\n' });
    const { status, stderr } = await config();
    expect(status).toBe(2);
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      `${join(folder, '.env')}:2: expected NAME=value`,
      expect.stringContaining('parse compose field nonsense'),
    ]);
    expect(stderr).not.toContain('REGION is required');
  });

  test('.env of the working folder counts when there is none beside the file', async () => {
    const { folder, configIn } = setUp({ 'deploy/agent-compose.yml': FILE, 'work/.env': 'REGION=here\n' });
    const file = join(folder, 'deploy/agent-compose.yml');
    expect((await configIn(join(folder, 'work'), '-f', file)).stdout).toContain('value: here\n');
    writeFileSync(join(folder, 'deploy/.env'), 'REGION=beside\n');
    expect((await configIn(join(folder, 'work'), '-f', file)).stdout).toContain('value: beside\n');
  });

  test('a name in it that nothing defines is a warning', async () => {
    const { config, folder } = setUp({ 'agent-compose.yml': FILE, '.env': 'REGION=eu-$ZONE\n' });
    const { status, stdout, stderr } = await config();
    expect(status).toBe(0);
    expect(stdout).toContain('value: eu-\n');
    expect(stderr).toContain(`warning: ${join(folder, '.env')}:1: ZONE in the value of REGION is not set`);
  });
});

describe('the bytes of a compose file', () => {
  test('that are not UTF-8 are an error with their place', async () => {
    const { config, folder } = setUp({
      'agent-compose.yml': Buffer.from('name: shop\nagents: {dev: {model: caf\xe9}}\n', 'latin1'),
    });
    const { status, stdout, stderr } = await config();
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(
      `${join(folder, 'agent-compose.yml')}:2:26: parse compose: line 2, column 26: the bytes here are not UTF-8`,
    );
  });

  test('may be UTF-16 with a mark', async () => {
    const { config } = setUp({ 'agent-compose.yml': Buffer.from('\uFEFFname: bücher\n', 'utf16le') });
    expect((await config()).stderr).toContain('project name must match');
    const { config: other } = setUp({ 'agent-compose.yml': Buffer.from('\uFEFFname: shop\n', 'utf16le') });
    expect((await other()).stdout).toContain('name: shop\n');
  });
});

describe('config env', () => {
  test('says what becomes of each variable of agent-compose, and no value', async () => {
    const { folder } = setUp({});
    const env = { LLM_API_KEY: 'not to be shown', DATA_ROOT: '/data' };
    const all = await runInProcess(['config', 'env'], { stateDir: folder, cwd: folder, env });
    expect(all.stdout).toMatch(/^DATA_ROOT \(set\) +use instead +MUSTER_HOME/m);
    expect(all.stdout).toMatch(/^CAP_GRPC_LISTEN +means nothing/m);
    expect(all.stdout).not.toContain('not to be shown');
    const set = await runInProcess(['config', 'env', '--set', '--json'], { stateDir: folder, cwd: folder, env });
    const { variables } = JSON.parse(set.stdout) as { variables: readonly { name: string; here: string }[] };
    expect(variables.map(({ name, here }) => [name, here])).toEqual([
      ['DATA_ROOT', 'instead'],
      ['LLM_API_KEY', 'used'],
    ]);
  });

  test('calls used only what something reads', async () => {
    const files = (await listFiles('src')).filter(file => file.endsWith('.ts') && !file.includes('composeVariables'));
    const sources = (await Promise.all(files.map(file => readFile(inRepository(file), 'utf8')))).join('\n');
    const used = composeVariables.filter(({ here }) => here === 'used').map(({ name }) => name);
    expect(used.length).toBeGreaterThan(8);
    expect(used.filter(name => !sources.includes(`'${name}'`))).toEqual([]);
  });
});
