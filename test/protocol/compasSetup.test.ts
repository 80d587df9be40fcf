import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { cliPlaces } from '../support/cliPlace.ts';

/** How compas is set up, configured and hooked into, asked of Muster's command. The numbers are those of `test/support/compasBehaviours.ts`. */

const place = cliPlaces();

const agents = (fields: string, more = ''): string =>
  `name: shop\nagents:\n  dev: {provider: claude${fields}}\n${more}`;

describe('the compose file', () => {
  test('is refused for each rule, at its place, with nothing applied (80, defect 32)', async () => {
    const here = place();
    const wrongAgents = [
      'provider: nobody',
      'provider: claude, promt: x',
      'provider: claude, timeout: 0s',
      'provider: claude, timeout: soon',
      'provider: claude, concurrency: 0',
      'provider: claude, retries: {max: -1}',
      'provider: claude, retries: {maximum: 1}',
      'provider: claude, permissions: everything',
      'provider: claude, workspace: {provider: cloud}',
      'provider: claude, handoff: {on_response: nobody}',
      'provider: claude, handoff: {on_response: [r, r]}',
      'provider: claude, handoff: {on_response: r, max_depth: 0}',
      'provider: claude, handoff: {on_response: r, max_depth: 1000}',
      'provider: claude, scheduler: {triggers: [{cron: "every day"}]}',
      'provider: claude, scheduler: {triggers: [{cron: "0 3 * * *", max_runs: 0}]}',
    ];
    const wrongFields = [
      'limitz: {concurrency: 2}',
      'limits: {concurrency: 0, queued: 0, concurency: 2}',
      'merge: {strategy: octopus}',
      'hooks: {on_nothing: [{command: x}], on_run_started: [{args: [x]}], on_run_finished: [{command: x, timeout: 0s}]}',
      'providers: {claude: {command: x}, mine: {args: [y]}}',
    ];
    here.write(
      [
        ...[
          'name: shop',
          'agents:',
          '  r: {provider: claude}',
          '  self: {provider: claude, handoff: {on_response: self}}',
        ],
        ...wrongAgents.map((fields, index) => `  a${index}: {${fields}}`),
        ...wrongFields,
      ].join('\n'),
    );
    const { status, stderr } = await here.run('up', '--yes');
    expect(status).toBe(2);
    const told = new Map<number, string>();
    for (const [, line, text = ''] of stderr.matchAll(/agent-compose\.yml:(\d+):\d+: (.*)/g))
      told.set(Number(line), `${told.get(Number(line)) ?? ''}${text}\n`);
    const first = 4;
    const last = first + wrongAgents.length + wrongFields.length;
    expect([...told.keys()].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    );
    expect(told.get(first + 1)).toContain('nobody');
    expect(told.get(last - 3)).toMatch(/concurrency[^]*queued|concurency/);
    for (const text of ['name: [\n', `${agents('')}  dev: {provider: claude}\n`]) {
      here.write(text);
      expect(await here.run('config', '--quiet')).toMatchObject({ status: 2 });
    }
    here.write(agents(', retries: {max: 2}, timeout: 10m, handoff: {on_response: r}', '  r: {provider: claude}\n'));
    expect(await here.run('config', '--quiet')).toMatchObject({ status: 0, stderr: '' });
    expect(await here.home.musterJson(['project', 'ls'])).toMatchObject({ projects: [] });
  });

  test('that is invalid leaves the last good one at work, and a good one takes effect without a restart (82)', async () => {
    const here = place('name: shop\nproviders:\n  say: {command: echo, args: [one]}\nagents: {dev: {provider: say}}\n');
    expect(await here.run('up', '--yes')).toMatchObject({ status: 0 });
    const pid = await here.home.hostPid();
    const says = async (): Promise<string> => {
      const { thread_id: thread } = (await here.home.musterJson(['dispatch', 'dev', 'x', '--wait'], {
        cwd: here.folder,
      })) as {
        thread_id: string;
      };
      return (await here.run('logs', thread)).stdout;
    };
    here.write('name: shop\nagents: {dev: {provider: nobody}}\n');
    expect(await here.run('up', '--yes')).toMatchObject({ status: 2 });
    expect(await says()).toContain('one');
    here.write('name: shop\nproviders:\n  say: {command: echo, args: [two]}\nagents: {dev: {provider: say}}\n');
    expect(await here.run('up', '--yes')).toMatchObject({ status: 0 });
    expect(await says()).toContain('two');
    expect(await here.home.hostPid()).toBe(pid);
  });

  test('arguments that lift an agent’s permissions are refused; variables that steer programs are asked about (86)', async () => {
    const here = place();
    here.program('claude');
    for (const flag of ['--dangerously-skip-permissions', '--permission-mode=bypassPermissions']) {
      here.write(agents(`, permissions: confined, args: [${flag}]`));
      expect((await here.run('config', '--quiet')).stderr).toContain('agents.dev.args[0]');
    }
    for (const name of ['PATH', 'LD_PRELOAD', 'DYLD_INSERT_LIBRARIES', 'NODE_OPTIONS']) {
      here.write(agents(`, env: {${name}: /x}`));
      const { status, stderr } = await here.run('up');
      expect({ name, status }).toEqual({ name, status: 2 });
      expect(stderr).toContain(name);
    }
    here.write(agents(', env: {APP_COLOUR: red}'));
    expect(await here.run('up')).toMatchObject({ status: 0 });
  });
});

test('agents ask unless their file or their container says otherwise; one whose CLI asks through a program that is not there is confined', async () => {
  const file =
    'name: shop\nagents:\n  c: {provider: claude}\n  o: {provider: opencode}\n  x: {provider: codex}\n  s: {provider: codex, permissions: ask}\n';
  const modes = async (...clis: readonly string[]) => {
    const here = place(file);
    for (const name of ['claude', 'codex', 'opencode', ...clis]) here.program(name, 'echo "$0 $*" >> "$HOME/called"');
    expect(await here.run('up', '--yes')).toMatchObject({ status: 0 });
    await here.run('dispatch', 'x', 'Work', '--wait');
    const { project } = (await here.home.musterJson(['up', '--yes'], { cwd: here.folder })) as {
      project: { agents: { name: string; permissions: string; problem?: string }[] };
    };
    const of = Object.fromEntries(project.agents.map(({ name, permissions }) => [name, permissions]));
    const problems = project.agents.filter(({ problem }) => problem !== undefined).map(({ name }) => name);
    return { of, problems, called: readFileSync(join(here.user, 'called'), 'utf8') };
  };
  const without = await modes();
  expect(without).toMatchObject({ of: { c: 'ask', o: 'ask', x: 'confined', s: 'ask' }, problems: ['s'] });
  expect(without.called).toMatch(/codex exec .*--sandbox workspace-write/);
  const beside = await modes('codex-acp');
  expect(beside).toMatchObject({ of: { c: 'ask', o: 'ask', x: 'ask', s: 'ask' }, problems: [] });
  expect(beside.called).toMatch(/codex-acp .*on-request/);
});

test('a configuration of compas becomes a file that works: defaults under agents, agents over them (81)', async () => {
  const here = place();
  mkdirSync(join(here.user, '.compas'));
  writeFileSync(join(here.user, '.compas', 'shared.md'), 'Be careful.\n');
  writeFileSync(
    join(here.user, '.compas', 'config.yaml'),
    `default_workdir: ${JSON.stringify(here.folder)}
state_dir: ~/.compas/state
agent_defaults:
  backend: claude
  safety_mode: auto_approve
  model: shared-model
  timeout_secs: 900
  prompt_file: shared.md
  env: {SHARED: "1", BOTH: shared}
  backend_args: ["--verbose"]
  max_retries: 2
agents:
  - {alias: dev, handoff: {on_response: reviewer, max_chain_depth: 4}}
  - {alias: reviewer, backend: codex, model: own-model, timeout_secs: 60, prompt: Be quick., env: {BOTH: own}, backend_args: []}
orchestration: {max_queued_executions: 7, max_concurrent_triggers: 3, default_merge_strategy: squash}
schedules: [{name: nightly, agent: dev, cron: "0 3 * * *", body: Look around., max_runs: 5}]
hooks: {on_execution_completed: [{command: notify, filter: {success: "true"}}]}
notifications: {desktop: true}
`,
  );
  const imported = await here.run('import', 'compas');
  expect(imported).toMatchObject({ status: 0 });
  for (const field of [
    'state_dir',
    'agents[0].handoff',
    'orchestration.max_queued_executions',
    'schedules[0]',
    'notifications',
  ])
    expect(imported.stdout).toContain(field);
  const {
    agents: made,
    limits,
    merge,
  } = (await here.home.musterJson(['config'], { cwd: here.folder })) as {
    agents: Record<string, unknown>[];
    limits: unknown;
    merge: unknown;
  };
  const [dev, reviewer] = made;
  expect(JSON.stringify(dev)).toMatch(/shared-model.*Be careful/);
  expect(dev).toMatchObject({ name: 'dev', provider: 'claude', model: 'shared-model', timeout: '15m' });
  expect(reviewer).toMatchObject({ name: 'reviewer', provider: 'codex', model: 'own-model', timeout: '1m' });
  // As in compas, a file of the defaults comes before words of the agent; lists are replaced whole, variables one by one.
  expect(JSON.stringify(reviewer)).toMatch(/Be careful/);
  expect(JSON.stringify(reviewer)).not.toMatch(/Be quick|--verbose/);
  expect(reviewer).toMatchObject({
    env: [
      { name: 'BOTH', value: 'own' },
      { name: 'SHARED', value: '1' },
    ],
  });
  expect(JSON.stringify({ limits, merge })).toMatch(/7.*squash/);
  expect((await here.run('import', 'compas', join(here.user, 'none.yaml'), '--output', '-')).stderr).toContain(
    'none.yaml',
  );
});

test('hooks run in order with JSON and their environment, by every field that filters, to their time limit, whatever one of them does (83, defect 15)', async () => {
  const note = (word: string) => `echo "${word} $(cat | tr -d '\\n') in $(pwd) with $APP_X" >> "$HOME/told"`;
  const hook = (word: string, more = ''): string =>
    `    - {command: sh, args: ["-c", ${JSON.stringify(note(word))}]${more}}`;
  const here = place(`name: shop
providers:
  maker: {command: sh, args: ["-c", "echo Done."]}
agents: {dev: {provider: maker}}
hooks:
  on_run_finished:
    - {command: sh, args: ["-c", "exit 1"]}
    - {command: sh, args: ["-c", ${JSON.stringify('echo $$ > "$HOME/stuck"; exec sleep 600')}], timeout: 1s}
${hook('first', ', env: {APP_X: "1"}')}
${hook('second', ', filter: {status: completed, agent: dev}')}
${hook('never', ', filter: {status: completed, agent: other}')}
${hook('nowhere', ', filter: {no_such_field: x}')}
  on_thread_closed:
${hook('closed')}
`);
  expect(await here.run('up', '--yes')).toMatchObject({ status: 0 });
  const { thread_id: thread } = (await here.home.musterJson(['dispatch', 'dev', 'x', '--wait'], {
    cwd: here.folder,
  })) as {
    thread_id: string;
  };
  expect(await here.run('close', thread)).toMatchObject({ status: 0 });
  await vi.waitFor(() => expect(readFileSync(join(here.user, 'told'), 'utf8')).toContain('closed'), {
    timeout: 60_000,
  });
  const told = readFileSync(join(here.user, 'told'), 'utf8').trim().split('\n');
  expect(told.map(line => line.split(' ')[0])).toEqual(['first', 'second', 'closed']);
  const [, json = '', rest = ''] = /^first (\{.*\}) (in .*)$/.exec(told[0] ?? '') ?? [];
  expect(JSON.parse(json)).toMatchObject({
    event: 'run_finished',
    thread,
    agent: 'dev',
    status: 'completed',
    answer: 'Done.',
  });
  expect(rest).toBe(`in ${here.folder} with 1`);
  const stuck = Number(readFileSync(join(here.user, 'stuck'), 'utf8'));
  expect(() => process.kill(stuck, 0)).toThrow();
});

test('a schedule fires when it is due and not when it is new, not while it is off, and no more than it may (84, defect 23)', async () => {
  const here = place(`name: shop
providers:
  shell: {command: sh, args: ["-c", "echo done"]}
agents:
  dev:
    provider: shell
    scheduler:
      triggers:
        - {name: yearly, cron: "0 0 1 1 *", prompt: Celebrate.}
        - {name: twice, interval: 200ms, max_runs: 2, prompt: Water the plants.}
  off:
    provider: shell
    scheduler: {enabled: false, triggers: [{name: never, interval: 100ms, prompt: Rest.}]}
`);
  expect(await here.run('up', '--yes')).toMatchObject({ status: 0 });
  const runs = async () =>
    (
      (await here.home.musterJson(['scheduler', 'runs'], { cwd: here.folder })) as {
        runs: { trigger: string; status: string }[];
      }
    ).runs;
  const next = async (name: string): Promise<string | undefined> =>
    (
      (await here.home.musterJson(['scheduler', 'ls'], { cwd: here.folder })) as {
        triggers: { name: string; next_fire_at?: string }[];
      }
    ).triggers.find(each => each.name === name)?.next_fire_at;
  // Its time comes once more than it may; by then nothing of it is planned.
  await vi.waitFor(async () => expect(await next('twice')).toBeUndefined(), { timeout: 60_000 });
  expect(new Set(JSON.stringify(await runs()).match(/yearly|never/g))).toEqual(new Set());
  expect((await runs()).filter(({ status }) => status === 'started')).toHaveLength(2);
  expect(Date.parse((await next('yearly')) ?? '')).toBeGreaterThan(Date.now());
});

test('setup-mcp adds itself to what is there, once, says what it would do, and takes itself out again (90)', async () => {
  const here = place();
  here.program('claude', 'echo "$@" >> "$HOME/claude.args"');
  for (const folder of ['.cursor', '.gemini', '.config/opencode'])
    mkdirSync(join(here.user, folder), { recursive: true });
  const cursor = join(here.user, '.cursor', 'mcp.json');
  const gemini = join(here.user, '.gemini', 'settings.json');
  const opencode = join(here.user, '.config', 'opencode', 'opencode.json');
  const before = '{\n  // mine\n  "mcpServers": {"other": {"command": "other"}},\n  "theme": "dark"\n}\n';
  writeFileSync(cursor, before);
  writeFileSync(gemini, '{ not JSON\n');
  here.program('opencode');
  const tools = async (...args: readonly string[]) => {
    const { stdout } = await here.run('setup-mcp', '--json', ...args);
    const { tools: each } = JSON.parse(stdout) as { tools: { tool: string; outcome: string; detail: string }[] };
    return Object.fromEntries(each.map(({ tool, outcome }) => [tool, outcome]));
  };
  expect(await tools('--dry-run')).toMatchObject({ cursor: 'added', claude: 'added', codex: 'absent' });
  expect(readFileSync(cursor, 'utf8')).toBe(before);
  expect(existsSync(opencode)).toBe(false);
  const { status, stdout } = await here.run('setup-mcp');
  expect(status).toBe(1);
  expect(stdout).toMatch(/gemini.*settings\.json/i);
  expect(readFileSync(gemini, 'utf8')).toBe('{ not JSON\n');
  expect(readFileSync(cursor, 'utf8')).toMatch(/\/\/ mine[^]*"other"[^]*"muster"[^]*"theme": "dark"/);
  expect(readFileSync(`${cursor}.before-muster`, 'utf8')).toBe(before);
  expect(JSON.parse(readFileSync(opencode, 'utf8'))).toMatchObject({
    mcp: { muster: { type: 'local', enabled: true } },
  });
  expect(await tools('--tool', 'cursor')).toEqual({ cursor: 'unchanged' });
  expect(await tools('--remove', '--tool', 'cursor', '--tool', 'opencode')).toEqual({
    cursor: 'removed',
    opencode: 'removed',
  });
  expect(readFileSync(cursor, 'utf8')).not.toContain('muster');
  expect(readFileSync(cursor, 'utf8')).toContain('"other"');
});

test('init writes a file for this folder, quotes what needs it, asks nobody and replaces nothing by itself (91, defect 28)', async () => {
  const here = place();
  here.program('codex');
  expect(await here.run('init', '--non-interactive')).toMatchObject({ status: 0 });
  const made = readFileSync(here.file, 'utf8');
  expect(made).toContain('provider: "codex"');
  expect(existsSync(join(here.user, 'agent-compose.yml'))).toBe(false);
  expect((await here.run('init')).stderr).toContain('--force');
  expect(readFileSync(here.file, 'utf8')).toBe(made);
  const strange = ['--force', '--minimal', '--agent', 'coder', '--provider', 'claude', '--model', 'yes: "no" #1'];
  expect(await here.run('init', ...strange)).toMatchObject({ status: 0 });
  const { agents: written } = (await here.home.musterJson(['config'], { cwd: here.folder })) as { agents: object[] };
  expect(written).toMatchObject([{ name: 'coder', provider: 'claude', model: 'yes: "no" #1' }]);
});

test('doctor looks at each thing, fails for what is broken only, spends no token and mends what it can (92)', async () => {
  const here = place();
  const cli = 'echo "$@" >> "$HOME/called"; case "$*" in *--version*) echo 1.0.0;; esac';
  for (const name of ['claude', 'codex']) here.program(name, cli);
  await here.run('init', '--non-interactive');
  const checks = async (...args: readonly string[]) => {
    const { status, stdout } = await here.run('doctor', '--json', ...args);
    const { checks: all } = JSON.parse(stdout) as { checks: { name: string; status: string }[] };
    return { status, of: new Map(all.map(each => [each.name, each.status])) };
  };
  const well = await checks();
  expect(well.status).toBe(0);
  for (const name of ['git', 'repository', 'compose file', 'host', 'state directory', 'Claude Code', 'Codex'])
    expect([...well.of.keys()]).toContain(name);
  expect(existsSync(join(here.user, 'called')) ? readFileSync(join(here.user, 'called'), 'utf8') : '').not.toMatch(
    /-p\b|--print|exec/,
  );
  mkdirSync(join(here.user, '.cursor'));
  expect((await checks()).of.get('MCP in Cursor')).toBe('warn');
  expect((await checks('--fix')).of.get('MCP in Cursor')).toBe('ok');
  here.write('agents: {dev: {provider: nobody}}\n');
  const broken = await here.run('doctor');
  expect(broken.status).toBe(1);
  expect(broken.stdout).toMatch(/✗ compose file: .*nobody/);
});

test('every command that compas’ users look for explains itself and refuses an option that it does not have (93)', async () => {
  const here = place();
  const names = [
    ...['init', 'doctor', 'import', 'wait', 'close', 'reopen', 'batch', 'tasks', 'metrics', 'events', 'inbox', 'chain'],
    ...['health', 'setup-mcp', 'mcp', 'dispatch'],
  ];
  const { stdout: list } = await here.run('help');
  const wrong: string[] = [];
  for (const name of names) {
    const told = await here.run(name, '--help');
    if (!list.includes(name) || told.status !== 0 || !told.stdout.includes(name)) wrong.push(name);
  }
  expect(wrong).toEqual([]);
  for (const name of ['wait', 'dispatch', 'doctor'])
    expect(await here.run(name, '--no-such-option')).toMatchObject({ status: 2 });
  const { stdout: wait } = await here.run('wait', '--help');
  for (const option of ['--intent', '--since', '--strict-new', '--await-chain', '--timeout', '--json'])
    expect(wait).toContain(option);
  expect((await here.run('wait', 'merge', '--op-id', 'zzzzzz')).status).toBe(2);
  expect((await here.run('wait-merge', '--op-id', 'zzzzzz')).status).toBe(2);
});
