import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../src/base/errors.js';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const secret = 'hunter2-is-not-a-good-secret';

/** An agent that prints a secret from its environment, and one that waits until a file is gone. */
const shop = `name: shop
variables:
  PASS: {value: ${secret}, secret: true}
  REGION: \${REGION}
providers:
  teller:
    command: sh
    args: ["-c", "cat > TASK.md; echo region $REGION length \${#PASS} pass $PASS; while [ -e \\"$HOLD\\" ]; do sleep 0.05; done"]
agents:
  dev: {provider: teller}
  reviewer: {provider: teller, scheduler: {enabled: false, triggers: [{cron: "0 * * * *"}]}}
`;

interface Setting {
  readonly home: TestHome;
  readonly repository: string;
  readonly file: string;
  readonly run: (...args: readonly string[]) => ReturnType<TestHome['muster']>;
}

function setUp(text = shop): Setting {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': text });
  const env = { REGION: 'eu' };
  return {
    home,
    repository,
    file: join(repository, 'agent-compose.yml'),
    run: (...args) => home.muster(args, { cwd: repository, env }),
  };
}

async function json(setting: Setting, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await setting.run(...args, '--json');
  expect({ args, status, stderr: status === 0 ? '' : stderr }).toEqual({ args, status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('config', () => {
  test('PRJ-001, PRJ-005: prints the normal form as YAML or one line of JSON, redacted, and starts no host', async () => {
    const setting = setUp();
    const yaml = await setting.run('config');
    expect(yaml.status).toBe(0);
    expect(yaml.stdout).toMatch(/^name: shop\nvariables:\n {2}- name: PASS\n {4}value: "\*{8}"\n {4}secret: true\n/);
    const line = await setting.run('config', '--json');
    expect(line.stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(line.stdout)).toMatchObject({
      name: 'shop',
      variables: [
        { name: 'PASS', value: '********', secret: true },
        { name: 'REGION', value: 'eu' },
      ],
      agents: [{ name: 'dev' }, { name: 'reviewer' }],
    });
    expect(yaml.stdout + line.stdout + yaml.stderr).not.toContain(secret);
    expect(await setting.run('config', '--quiet')).toMatchObject({ status: 0, stdout: '' });
    expect((await setting.run('config', '-p', 'other')).stdout).toContain('name: other\n');
    expect(existsSync(setting.home.stateDir)).toBe(false);
  });

  test('PRJ-002: an invalid file gives stable paths, status 2 and no side effects', async () => {
    const setting = setUp('name: shop\nagents:\n  dev:\n    provider: nonsense\n    modell: x\n');
    for (const command of ['config', 'up']) {
      const { status, stdout, stderr } = await setting.run(command);
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toContain('parse compose field agents.dev.modell at line 5, column 5: unknown field');
      expect(stderr).toContain('validate compose field agents.dev.provider: ');
    }
    expect(existsSync(setting.home.stateDir)).toBe(false);
    const missing = await setting.run('config', '-f', 'nowhere.yml');
    expect(missing).toMatchObject({ status: 2, stdout: '' });
    expect(missing.stderr).toContain('nowhere.yml');
  });
});

describe('up', () => {
  test('PRJ-003: first, repeated, changed, and back again', async () => {
    const setting = setUp();
    const planned = await setting.run('up', '--dry-run');
    expect(planned.stdout).toContain('Status: not-applied');
    expect(await json(setting, 'project', 'ls')).toEqual({ projects: [], total: 0 });

    const first = await setting.run('up', '--yes');
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(
      /^Project: shop\nID: \w{12}\nRevision: 1\nSpec: sha256:[0-9a-f]{64}\nStatus: applied\nAgents: 2\nSchedulers: 1\n\nACTION +TYPE +NAME +ID\ncreated +project +shop +\w{12}\ncreated +agent +dev +\w{12}\/dev\n/,
    );
    const again = await json(setting, 'up', '--yes');
    expect(again).toMatchObject({
      applied: true,
      unchanged: true,
      revision: { revision: 1 },
      project: { name: 'shop', source_path: setting.file, current_revision: 1, agent_count: 2, scheduler_count: 1 },
    });
    expect((again['changes'] as { action: string }[]).every(({ action }) => action === 'unchanged')).toBe(true);

    writeFileSync(
      setting.file,
      shop.replace(/ {2}reviewer.*\n/, '  tester: {provider: teller}\n').replace('dev: {', 'dev: {timeout: 5m, '),
    );
    const changed = await json(setting, 'up', '--yes');
    expect(changed).toMatchObject({ unchanged: false, revision: { revision: 2 } });
    expect(changed['changes']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: 'updated', resource_type: 'agent', name: 'dev', message: 'timeout' }),
        expect.objectContaining({ action: 'created', resource_type: 'agent', name: 'tester' }),
        expect.objectContaining({ action: 'removed', resource_type: 'agent', name: 'reviewer' }),
        expect.objectContaining({ action: 'removed', resource_type: 'scheduler', name: 'reviewer' }),
      ]) as unknown,
    );
    expect((await setting.run('run', 'reviewer', 'x')).status).toBe(2);

    writeFileSync(setting.file, shop);
    const back = await json(setting, 'up', '--yes');
    expect(back).toMatchObject({
      unchanged: false,
      revision: { revision: 3, spec_hash: (again['revision'] as { spec_hash: string }).spec_hash },
    });
  });

  test('two who apply different files at once: the second one is told', async () => {
    const setting = setUp();
    await setting.run('up', '--yes');
    const client = await setting.home.connect();
    const { file } = setting;
    const environment = { REGION: 'eu' };
    const planned = await client.projects.applyProject({ file, environment, dryRun: true });
    writeFileSync(file, shop.replace('name: shop', 'name: shop\nlimits: {queued: 9}'));
    expect((await setting.run('up', '--yes')).status).toBe(0);
    const late = client.projects.applyProject({
      file,
      environment,
      consent: true,
      expectedSpecHash: planned.previousSpecHash,
    });
    await expect(late).rejects.toSatisfy(error => isAppError(error, 'project.conflict'));
    await expect(late).rejects.toThrow(/applied revision 2/);
  });

  test('-p gives the project another name; --compat head refuses it; nobody there to consent is status 2', async () => {
    const setting = setUp();
    expect((await setting.run('up')).status).toBe(2);
    expect(await json(setting, 'up', '--yes', '-p', 'other')).toMatchObject({ project: { name: 'other' } });
    expect((await setting.run('up', '--yes', '-p', 'other', '--compat', 'head')).status).toBe(2);
    expect(await json(setting, 'inspect', 'project', '-p', 'other')).toMatchObject({ project: { name: 'other' } });
  });
});

describe('down', () => {
  test('PRJ-004: stops what works, keeps history, may be repeated; up brings the project back', async () => {
    const setting = setUp();
    await setting.run('up', '--yes');
    const hold = join(setting.home.env['HOME'] ?? '', 'hold');
    // The run's environment is the login shell's, so the file that holds it is named in the compose file.
    writeFileSync(hold, '');
    writeFileSync(setting.file, shop.replace('  REGION:', `  HOLD: ${hold}\n  REGION:`));
    await setting.run('up', '--yes');
    const runId = (await setting.run('run', 'dev', 'Work', '--detach')).stdout.trim();
    await expect
      .poll(async () => (await json(setting, 'inspect', 'run', runId))['status'], { timeout: 30_000 })
      .toBe('running');

    const down = await json(setting, 'down');
    expect(down).toMatchObject({
      status: 'down',
      failed_session_stops: 0,
      unchanged: false,
      project: { name: 'shop' },
    });
    expect(down['changes']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: 'removed', resource_type: 'project', name: 'shop' }),
        expect.objectContaining({ action: 'removed', resource_type: 'agent', name: 'dev' }),
        expect.objectContaining({ action: 'updated', resource_type: 'thread', message: 'cancelled' }),
      ]) as unknown,
    );
    expect(await json(setting, 'inspect', 'run', runId)).toMatchObject({ status: 'canceled', state: 'cancelled' });
    expect(await json(setting, 'project', 'ls')).toMatchObject({ total: 0 });
    expect((await setting.run('run', 'dev', 'x')).status).toBe(2);
    expect(await json(setting, 'logs', '--run-id', runId)).toMatchObject({ runs: [{ run_id: runId, prompt: 'Work' }] });
    expect((await setting.run('logs')).stdout).toContain('region eu');

    const again = await json(setting, 'down');
    expect(again).toMatchObject({ status: 'down', unchanged: true });
    rmSync(hold);
    expect(await json(setting, 'up', '--yes')).toMatchObject({ revision: { revision: 3 } });
    expect((await setting.run('down', '-f', 'nowhere.yml')).status).toBe(2);
  });
});

describe('secrets that stand in the file', () => {
  test('PRJ-005: a run has them, and no byte of the state directory or of what is printed does', async () => {
    const setting = setUp();
    await setting.run('up', '--yes');
    const printed = await setting.run('run', 'dev', 'Tell');
    expect(printed).toMatchObject({ status: 0 });
    expect(printed.stdout).toContain(`region eu length ${secret.length} pass ********`);
    const inspected = await setting.run('inspect', 'project', '--json');
    await setting.home.killHost();
    const afterwards = await setting.run('logs', 'dev');
    expect(afterwards.stdout).toContain('pass ********');
    for (const { stdout, stderr } of [printed, inspected, afterwards]) expect(stdout + stderr).not.toContain(secret);
    const holders = filesWith(setting.home.stateDir, secret)
      .filter(path => !path.startsWith(join(setting.home.stateDir, 'worktrees')))
      .map(path => path.split('/').at(-1));
    // The compose file is in the repository and so in its worktrees; what the agent printed is blotted out of its log.
    expect(holders).toEqual([]);
  });

  test('PRJ-005: what a secret refers to may be in an env file; the environment of the terminal wins over it', async () => {
    const setting = setUp(shop.replace(`{value: ${secret}, secret: true}`, '{value: "${TOKEN}", secret: true}'));
    writeFileSync(join(setting.repository, '.env'), 'TOKEN=from-the-env-file\n');
    await setting.run('up', '--yes');
    expect((await setting.run('run', 'dev', 'Tell')).stdout).toContain(
      `length ${'from-the-env-file'.length} pass ********`,
    );
    const call = { cwd: setting.repository, env: { TOKEN: 'from-the-terminal-here' } };
    const { stdout } = await setting.home.muster(['run', 'dev', 'Tell'], call);
    expect(stdout).toContain(`length ${call.env.TOKEN.length} pass ********`);
    expect(filesWith(setting.home.stateDir, 'from-the-terminal').map(path => path.split('/').at(-1))).toEqual([]);
  });

  test('PRJ-005: for a file elsewhere, the env file of the working folder', async () => {
    const setting = setUp(shop.replace(`{value: ${secret}, secret: true}`, '{value: "${TOKEN}", secret: true}'));
    const elsewhere = testRepository({ '.env': 'TOKEN=from-the-working-folder\nREGION=there\n' });
    const there = (...args: readonly string[]) =>
      setting.home.muster([...args, '-f', setting.file], { cwd: elsewhere });
    expect(await there('up', '--yes')).toMatchObject({ status: 0 });
    const { stdout } = await there('run', 'dev', 'Tell');
    expect(stdout).toContain(`region there length ${'from-the-working-folder'.length} pass ********`);
  });

  test('a secret that is another one by now keeps the run from starting and says so', async () => {
    const setting = setUp();
    await setting.run('up', '--yes');
    writeFileSync(setting.file, shop.replace(secret, 'another-secret'));
    const { status, stderr } = await setting.run('run', 'dev', 'Tell');
    expect(status).toBe(1);
    expect(stderr).toContain('muster up');
    expect(await json(setting, 'up', '--yes')).toMatchObject({ revision: { revision: 2 } });
    expect((await setting.run('run', 'dev', 'Tell')).stdout).toContain(`length ${'another-secret'.length}`);
  });
});

function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile())
    .filter(path => readFileSync(path).includes(text));
}
