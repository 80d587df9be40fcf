import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/**
 * An agent that does what its task says: the lines of the task are shell commands. `hold` waits until a file is gone.
 */
function composeFile(hold: string): string {
  return `name: shop
variables:
  HOLD: ${hold}
  NAME: project
providers:
  shell:
    command: sh
    args: ["-c", "hold() { while [ -e \\"$HOLD\\" ]; do sleep 0.05; done; }; . \\"$1\\"", "sh", "{{prompt_file}}"]
    input: file
agents:
  dev: {provider: shell, env: {NAME: agent}}
  reviewer: {provider: shell}
`;
}

interface Setting {
  readonly home: TestHome;
  readonly repository: string;
  readonly run: (...args: readonly string[]) => ReturnType<TestHome['muster']>;
  /** Lets agents that wait in `hold` go on. */
  release(): void;
}

async function setUp(): Promise<Setting> {
  const home = testHome(programs);
  const hold = join(home.env['HOME'] ?? '', 'hold');
  writeFileSync(hold, '');
  const repository = testRepository({ 'agent-compose.yml': composeFile(hold) });
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  expect(await run('up', '--yes')).toMatchObject({ status: 0 });
  return { home, repository, run, release: () => rmSync(hold, { force: true }) };
}

type Json = Record<string, unknown>;

async function json({ run }: Setting, ...args: readonly string[]): Promise<Json> {
  const { stdout, stderr } = await run(...args, '--json');
  if (stdout === '') throw new Error(`${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout) as Json;
}

/** A run that waits in `hold`, once it is at work. */
async function startHeld(setting: Setting, agent = 'dev'): Promise<string> {
  const { stdout } = await setting.run('run', agent, '-d', 'echo begin; hold; echo end');
  const id = stdout.trim();
  await expect
    .poll(async () => (await setting.run('logs', '--run-id', id)).stdout, { timeout: 30_000 })
    .toBe('begin\n');
  return id;
}

describe('run', () => {
  test('RUN-001, RUN-002: streams what the agent says, in the order that is stored, and ends with its exit status', async () => {
    const setting = await setUp();
    const { status, stdout, stderr } = await setting.run(
      'run',
      'dev',
      'echo one; echo two; echo $NAME; echo oops >&2;',
      'exit 7',
    );
    expect([status, stdout]).toEqual([7, 'one\ntwo\nagent\n']);
    expect(stderr).toContain('oops\n');
    expect((await setting.run('logs', 'dev')).stdout).toBe(stdout);
    const [first] = (await json(setting, 'logs', 'dev'))['runs'] as Json[];
    expect(first).toMatchObject({ status: 'failed', exit_code: 7, output: stdout, content: stdout, agent_name: 'dev' });
  });

  test('RUN-006, ERR-001: each kind of failure has its status and is kept', async () => {
    const setting = await setUp();
    const statuses: (number | null)[] = [];
    for (const task of ['exit 125', 'exit 126', 'kill -TERM $$', 'exit 0'])
      statuses.push((await setting.run('run', 'dev', task)).status);
    expect(statuses).toEqual([125, 1, 1, 0]);
    expect(await setting.run('run', 'nobody', 'x')).toMatchObject({ status: 2, stdout: '' });
    expect(await setting.run('run', 'dev')).toMatchObject({ status: 2 });
    const { runs } = (await json(setting, 'logs')) as { runs: { status: string }[] };
    expect(runs.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed', 'succeeded']);
  });

  test('RUN-001, RUN-005: --json prints the final run only; --session-id goes on in the same worktree', async () => {
    const setting = await setUp();
    const first = await json(setting, 'run', 'dev', '--prompt', 'echo hello > kept; echo said');
    expect(first).toMatchObject({
      status: 'succeeded',
      exit_code: 0,
      source: 'manual',
      output: 'said\n',
      driver: 'process',
    });
    const second = await json(setting, 'run', 'dev', '--session-id', String(first['session_id']), 'cat kept');
    expect(second).toMatchObject({ sandbox_id: first['sandbox_id'], output: 'hello\n' });
    const seed = await json(setting, 'inspect', 'run', String(second['run_id']), '--compat', 'seed');
    expect(Object.keys(seed).toSorted()).toEqual(
      'agent_name artifacts_dir completed_at driver duration_ms exit_code logs_path output project_id project_name prompt run_id session_id source started_at status'.split(
        ' ',
      ),
    );
  });

  test('RUN-003: detached, followed, stopped; Ctrl+C stops the agent too', async () => {
    const setting = await setUp();
    const id = await startHeld(setting);
    const following = setting.run('logs', '--run-id', id, '--follow');
    const { sandbox_id: sandbox } = (await json(setting, 'inspect', 'run', id)) as { sandbox_id: string };
    expect(await setting.run('stop', sandbox)).toMatchObject({ status: 0, stderr: '' });
    expect(await following).toMatchObject({ status: 0, stdout: 'begin\n' });
    expect(await json(setting, 'inspect', 'run', id)).toMatchObject({ status: 'canceled' });

    const interrupted = await setting.home.muster(['run', 'dev', 'echo begin; hold'], {
      cwd: setting.repository,
      onStart: child => child.stdout?.once('data', () => child.kill('SIGINT')),
    });
    expect(interrupted).toMatchObject({ status: 130, stdout: 'begin\n' });
    const { runs } = (await json(setting, 'logs', 'dev')) as { runs: { status: string }[] };
    expect(runs.map(({ status }) => status)).toEqual(['canceled', 'canceled']);
  });

  test('RUN-001: --command runs a shell command in the agent’s place; not when an agent asks for it', async () => {
    const setting = await setUp();
    const first = await json(setting, 'run', 'reviewer', '--command', 'echo $NAME $0 > made; echo done; exit 3');
    expect(first).toMatchObject({ status: 'failed', exit_code: 3, output: 'done\n', agent_name: 'reviewer' });
    const made = readFileSync(join(String(first['artifacts_dir']), 'made'), 'utf8');
    expect(made).toMatch(/^project .*prompt\.txt\n$/);
    const again = await setting.run(
      'run',
      'reviewer',
      '--sandbox',
      String(first['sandbox_id']),
      '--command',
      'cat made',
    );
    expect(again).toMatchObject({ status: 0, stdout: made });
    const inside = await setting.home.muster(['run', 'reviewer', '--command', 'true', '--json'], {
      cwd: setting.repository,
      env: { MUSTER_RUN_ID: String(first['run_id']) },
    });
    expect(JSON.parse(inside.stdout)).toMatchObject({ error: { code: 'run.notAllowed' } });
  });

  test('RUN-004: the worktree stays, or goes with --rm and comes back with resume', async () => {
    const setting = await setUp();
    const kept = await json(setting, 'run', 'dev', '--keep-running', 'echo x > file');
    expect(readFileSync(join(String(kept['artifacts_dir']), 'file'), 'utf8')).toBe('x\n');
    const removed = await json(setting, 'run', 'dev', '--rm', 'echo y > file');
    const id = String(removed['sandbox_id']);
    expect(await json(setting, 'inspect', 'sandbox', id)).toMatchObject({ vm_status: 'STOPPED', worktree: null });
    expect((await setting.run('resume', String(kept['sandbox_id']))).stdout).toContain('needs no resuming');
    const resumed = await json(setting, 'resume', id);
    expect(readFileSync(join(String(resumed['workspace_path']), 'file'), 'utf8')).toBe('y\n');
    expect(await setting.run('rm', id, String(kept['sandbox_id']))).toMatchObject({ status: 0 });
    expect(await json(setting, 'sandbox', 'ls')).toMatchObject({ project: { name: 'shop' }, sandboxes: [] });
  });

  test('ERR-001: what this version does not have is status 4 and says what to do', async () => {
    const setting = await setUp();
    for (const args of [
      ['auth', 'ls'],
      ['run', 'dev', '-i'],
      ['run', 'dev', '--driver', 'docker', 'x'],
    ]) {
      const { status, stdout, stderr } = await setting.run(...args);
      expect([args, status, stdout]).toEqual([args, 4, '']);
      expect(stderr).toMatch(/^muster: .*not supported by this version\. \S.*\n$/);
    }
  });
});

describe('exec', () => {
  test('EXE-001: the only thread needs no name; several are refused; a selector chooses', async () => {
    const setting = await setUp();
    expect((await setting.run('exec', 'true')).stderr).toContain('No thread of this project has a worktree');
    const dev = await json(setting, 'run', 'dev', 'echo dev > who');
    const id = String(dev['sandbox_id']);
    expect(await setting.run('exec', 'cat', 'who')).toMatchObject({ status: 0, stdout: 'dev\n' });
    expect(await setting.run('exec', 'ls')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('who') as string,
    });
    const reviewer = await json(setting, 'run', 'reviewer', 'echo reviewer > who');
    const ambiguous = await setting.run('exec', '--', 'cat', 'who');
    expect(ambiguous).toMatchObject({ status: 2, stdout: '' });
    expect(ambiguous.stderr).toContain(id);
    for (const words of [
      ['--agent', 'dev', 'cat', 'who'],
      ['--run-id', String(dev['run_id']), 'cat', 'who'],
      ['--session-id', id, 'cat', 'who'],
      [id.slice(0, 6), '--', 'cat', 'who'],
      [id, '--command', 'cat who'],
    ])
      expect([words, (await setting.run('exec', ...words)).stdout]).toEqual([words, 'dev\n']);
    expect(await setting.run('exec', '--agent', 'dev', '--session-id', id, 'true')).toMatchObject({ status: 2 });
    expect((await setting.run('exec', String(reviewer['sandbox_id']), '--prompt', 'cat who')).stdout).toBe(
      'reviewer\n',
    );
  });

  test('EXE-002: folder, environment, input, both outputs and the exit status are passed on', async () => {
    const setting = await setUp();
    const { sandbox_id: id, artifacts_dir: folder } = await json(setting, 'run', 'dev', 'mkdir sub');
    const script = 'pwd; echo $COLOUR; cat; echo bad >&2; exit 9';
    const outside = ['exec', String(id), '--cwd', '../..', '--', 'pwd'];
    expect(await setting.home.muster(outside, { cwd: setting.repository })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('not inside the worktree'),
    });
    const result = await setting.home.muster(['exec', String(id), '--cwd', 'sub', '--', 'sh', '-c', script], {
      cwd: setting.repository,
      env: { COLOUR: 'green' },
      input: 'from a pipe\n',
    });
    expect(result).toEqual({ status: 9, stdout: `${String(folder)}/sub\ngreen\nfrom a pipe\n`, stderr: 'bad\n' });
    const inJson = await setting.run('exec', '--json', String(id), '--', 'sh', '-c', 'echo out; exit 200');
    expect(inJson.status).toBe(1);
    expect(JSON.parse(inJson.stdout)).toMatchObject({
      session_id: id,
      command: 'sh',
      args: ['-c', 'echo out; exit 200'],
      exit_code: 200,
      success: false,
      stdout: 'out\n',
    });
    expect(await setting.run('exec', String(id), '--', 'no-such-program')).toMatchObject({ status: 1, stdout: '' });
  });
});

describe('logs', () => {
  test('LOG-001: filters, headings, the last lines, times; --follow and --json exclude each other', async () => {
    const setting = await setUp();
    const first = await json(setting, 'run', 'dev', 'echo a; echo b; echo c');
    const second = await json(setting, 'run', 'reviewer', 'echo d');
    const heading = (run: Json): string =>
      `==> run ${String(run['run_id'])} agent ${String(run['agent_name'])} sandbox ${String(run['sandbox_id'])} <==\n`;
    expect((await setting.run('logs')).stdout).toBe(`${heading(first)}a\nb\nc\n${heading(second)}d\n`);
    expect((await setting.run('logs', '--agent', 'dev', '-n', '2')).stdout).toBe('b\nc\n');
    expect((await setting.run('logs', 'reviewer', '-t')).stdout).toBe(`${String(second['completed_at'])} d\n`);
    expect((await setting.run('logs', '--session-id', String(first['session_id']))).stdout).toBe('a\nb\nc\n');
    expect((await setting.run('logs', String(first['run_id']), '--tail', '1')).stdout).toBe('c\n');
    expect((await setting.run('logs', String(first['run_id']))).stdout).toContain('a\n  b\n  c\n');
    const head = (await json(setting, 'logs', '--compat', 'head')) as { runs: Json[] };
    expect(head.runs.map(run => [run['agent_name'], run['prompt'], run['content']])).toEqual([
      ['dev', 'echo a; echo b; echo c', 'a\nb\nc\n'],
      ['reviewer', 'echo d', 'd\n'],
    ]);
    expect(await setting.run('logs', 'dev', '--follow', '--json')).toMatchObject({ status: 2 });
    expect(await setting.run('logs', '--agent', 'nobody')).toMatchObject({ status: 2 });
    const held = await startHeld(setting);
    const following = setting.home.muster(['logs', '--run-id', held, '--follow'], {
      cwd: setting.repository,
      onStart: child => child.stdout?.once('data', () => setting.release()),
    });
    expect(await following).toMatchObject({ status: 0, stdout: 'begin\nend\n' });
  });
});

describe('lists', () => {
  test('ps, agent ls and inspect carry our keys and agent-compose’s, or exactly those of one era', async () => {
    const setting = await setUp();
    expect((await setting.run('ps', '--compat', 'seed')).stdout).toMatch(
      /^AGENT +SCHEDULER +LATEST RUN +RUN STATUS +SESSION +DRIVER +IMAGE\ndev +- +- +- +- +process +-\n/,
    );
    const run = await startHeld(setting);
    const all = await json(setting, 'ps');
    expect(all).toMatchObject({
      project: {
        name: 'shop',
        project_id: expect.any(String) as string,
        source_path: join(setting.repository, 'agent-compose.yml'),
      },
      threads: [{ agent: 'dev', status: 'working', latest_run: { run_id: run, status: 'running' } }],
      agents: [{ agent_name: 'dev', latest_run: { run_id: run, status: 'running' } }, { agent_name: 'reviewer' }],
      sandboxes: [{ agent: 'dev', status: 'running', run_id: run }],
    });
    expect(Object.keys(await json(setting, 'ps', '--compat', 'seed'))).toEqual(['project', 'agents']);
    expect(Object.keys(await json(setting, 'ps', '--compat', 'head'))).toEqual(['project', 'sandboxes']);
    setting.release();
    await expect
      .poll(async () => (await json(setting, 'ps', '--compat', 'head'))['sandboxes'], { timeout: 30_000 })
      .toEqual([]);
    expect((await json(setting, 'ps', '-a', '--compat', 'head'))['sandboxes']).toMatchObject([{ status: 'stopped' }]);
    expect(await json(setting, 'agent', 'ls')).toMatchObject({
      agents: [{ agent_name: 'dev', name: 'dev' }, { name: 'reviewer' }],
    });
    expect(await json(setting, 'inspect', 'agent', 'dev')).toMatchObject({
      agent: { name: 'dev' },
      latest_run: { run_id: run },
    });
    expect(Object.keys(await json(setting, 'inspect', 'project', '--compat', 'seed'))).toEqual([
      'project',
      'agents',
      'schedulers',
    ]);
    expect(await json(setting, 'inspect', run)).toMatchObject({ run_id: run });
    expect(await setting.run('inspect', 'nothing')).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('which host', () => {
  test('--host wins over MUSTER_HOST, that over AGENT_COMPOSE_HOST, that over the endpoint file', async () => {
    const setting = await setUp();
    const { home } = setting;
    const { pid, socket } = (await json(setting, 'status')) as { pid: number; socket: string };
    const other = testHome(programs);
    const status = async (args: readonly string[], env: Record<string, string>) =>
      (await home.muster(['status', '--json', ...args], { env: { ...env, MUSTER_HOME: other.stateDir } })).stdout;
    const here = `unix://${socket}`;
    const nowhere = 'unix:///nowhere/host.sock';
    expect(JSON.parse(await status(['--host', here], { MUSTER_HOST: nowhere }))).toMatchObject({ pid });
    expect(JSON.parse(await status([], { MUSTER_HOST: here, AGENT_COMPOSE_HOST: nowhere }))).toMatchObject({ pid });
    expect(JSON.parse(await status([], { AGENT_COMPOSE_HOST: here }))).toMatchObject({ pid });
    // What is no Muster is passed over.
    const passedOver = await home.muster(['status'], { env: { AGENT_COMPOSE_HOST: 'http://127.0.0.1:7410' } });
    expect(passedOver).toMatchObject({ status: 0 });
    const closed = await home.muster(['ps'], { env: { MUSTER_HOST: nowhere } });
    expect([closed.status, closed.stderr.includes('/nowhere/host.sock')]).toEqual([3, true]);
  });
});
