import type { Random } from './random.ts';

/** A compose file as data: what was meant, before it is written in some style. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };
export type Model = Record<string, Value>;

/** The environment that the files are read with. */
export const corpusEnvironment: Readonly<Record<string, string>> = {
  HOST: 'wiki.test',
  TOKEN: 'a-secret-token',
  MODEL: 'large',
  EMPTY: '',
};

/** A valid file of agent-compose, of either era or of both together. */
export function validFile(random: Random): Model {
  const older = random.chance(30);
  const named = older ? {} : sharedParts(random);
  const names = ['dev', 'ops', 'review_2'].slice(0, 1 + random.below(3));
  const agents = Object.fromEntries(names.map(name => [name, agent(random, named, older)]));
  return {
    ...random.some({ name: random.pick<Value>(['shop', 'a-1_b', null]) }, 70),
    ...random.some({ variables: variables(random) }, 60),
    ...(older
      ? random.some(
          { workspace: olderWorkspace(random), network: random.pick<Value>([{}, { mode: 'default' }, null]) },
          50,
        )
      : named),
    agents,
  };
}

function sharedParts(random: Random): Model {
  return random.some<Value>(
    {
      workspaces: random.some<Value>({ site: fileWorkspace(random), lib: gitWorkspace(random) }, 70),
      mcp_servers: random.some<Value>({ tickets: localServer(random), wiki: remoteServer(random) }, 70),
      octobus_servers: {
        company: {
          url: random.pick(['https://octobus.test:8443/', 'http://bus.test']),
          ...random.some({ token: '${TOKEN}' }, 50),
        },
      },
      volumes: random.some<Value>({ cache: volume(random), data: random.pick<Value>([null, {}]) }, 70),
    },
    60,
  );
}

function variables(random: Random): Model {
  return random.some<Value>(
    {
      ZONE: random.pick<Value>(['eu', 7, true, null, '']),
      ADDRESS: 'https://${HOST}:${EMPTY}/x',
      KEY: { value: random.pick(['${TOKEN}', 'x-${TOKEN}']), secret: true },
      LONG: {
        value: random.pick<Value>(['plain', 12, null]),
        ...random.some<Value>({ secret: random.pick<Value>([false, null]) }, 50),
      },
      LITERAL: '$HOST ${} ${HOST',
    },
    60,
  );
}

function agent(random: Random, named: Model, older: boolean): Value {
  if (!older && random.chance(5)) return null;
  const both = {
    provider: random.pick<Value>([
      'codex',
      'claude',
      'claude-code',
      'gemini',
      'opencode',
      'Claude',
      'claude_code',
      null,
    ]),
    model: random.pick<Value>(['small', ' ${MODEL} ', null]),
    system_prompt: random.pick(['Be kind.', 'Line one\nLine two\n', '  spaces kept ', 'a: b # c']),
    image: random.pick<Value>(['debian:bookworm-slim', ' node:24 ', null]),
    driver: random.pick<Value>([
      { docker: {} },
      { docker: { host: 'unix:///d.sock' } },
      { boxlite: { kernel: '/k' } },
      { microsandbox: { profile: 'small' } },
      null,
    ]),
    env: variables(random),
    capset_ids: random.pick<Value>([['search'], ['b', ' a ', 'b', ''], []]),
    scheduler: scheduler(random, older),
  };
  const workspace = older ? olderWorkspace(random) : newerWorkspace(random, named);
  const parts = { ...both, ...(workspace !== undefined && { workspace }), ...(older ? {} : newerParts(random, named)) };
  return random.some<Value>(parts, 45);
}

function newerParts(random: Random, named: Model): Model {
  const servers = Object.keys(asModel(named['mcp_servers']));
  return {
    enabled: random.pick<Value>([true, false, null]),
    display_name: random.pick(['Developer', ' Dev ']),
    description: 'What it is for',
    build: random.pick<Value>([
      './images',
      {},
      {
        context: 'c',
        args: { N: 24, A: ' kept ' },
        platforms: ['linux/amd64', 'linux/amd64'],
        tags: ['a', 'b', 'a'],
        no_cache: true,
      },
      null,
    ]),
    ...(servers.length > 0 && {
      mcp_servers: random.pick<Value>([servers, [...servers, ...servers], servers[0] ?? null]),
    }),
    skills: random.pick<Value>([
      [{ provider: 'file', path: 'skills/Code.Review' }],
      [
        { name: 'zed', provider: 'HTTP', url: 'https://x.test/z.zip', format: 'zip' },
        { provider: 'git', url: 'https://x.test/able.git', ref: 'v1', path: 'sub/able' },
      ],
      [],
    ]),
    volumes: random.pick<Value>([
      ['./z:/z:ro', 'cache:/a/./b/'],
      [
        { source: '/abs', target: '/t', read_only: true },
        { type: 'Volume', source: 'cache', target: '/c' },
      ],
    ]),
    sandbox: random.pick<Value>([{ stopped_runtime_policy: 'retain' }, { stopped_runtime_policy: 'Remove' }, {}, null]),
    jupyter: random.pick<Value>([{ enabled: true }, { enabled: false, guest_port: 8890 }, {}, { guest_port: 0 }]),
  };
}

function fileWorkspace(random: Random): Value {
  return {
    provider: random.pick(['file', 'FILE']),
    path: random.pick(['web', './web//', 'a/../b', '.']),
    ...random.some({ name: 'Site', target: random.pick(['www', './x/']) }, 40),
  };
}

function gitWorkspace(random: Random): Value {
  const optional = {
    ref: 'v1',
    username: random.pick(['bot', '${NOBODY_SET_IT}']),
    password: '${PW}',
    token: '${TOKEN}',
    target: 'lib',
  };
  return {
    provider: 'git',
    url: random.pick(['https://git.test/r.git', ' ssh://git@git.test/r.git ']),
    ...random.some(optional, 40),
  };
}

function olderWorkspace(random: Random): Value {
  return random.pick<Value>([
    { provider: 'local', path: '.' },
    { provider: 'git', url: 'https://git.test/r.git', branch: 'main', path: 'sub' },
    { provider: 'git', url: 'https://git.test/r.git' },
  ]);
}

function newerWorkspace(random: Random, named: Model): Value | undefined {
  const names = Object.keys(asModel(named['workspaces']));
  if (names.length > 0 && random.chance(60)) return { name: random.pick(names) };
  return random.chance(40) ? undefined : random.pick([fileWorkspace(random), gitWorkspace(random)]);
}

function localServer(random: Random): Value {
  const optional = {
    args: random.pick<Value>([['-v', ' -v', '', '-x'], []]),
    env: { A: 'b', K: { value: '${TOKEN}', secret: true } },
  };
  return {
    type: random.pick(['local', 'Local']),
    command: 'tickets',
    ...random.some<Value>(optional, 50),
    ...random.some<Value>({ headers: {}, url: '' }, 20),
  };
}

function remoteServer(random: Random): Value {
  const headers = { 'X-Plain': '1', 'Authorization': 'Bearer ${TOKEN}' };
  return {
    type: 'remote',
    transport: random.pick(['sse', 'HTTP']),
    url: 'https://${HOST}/mcp',
    ...random.some<Value>({ headers, args: [] }, 50),
  };
}

function volume(random: Random): Value {
  return random.some<Value>(
    {
      name: 'npm.cache',
      driver: random.pick(['local', 'Local']),
      external: true,
      labels: { b: ' y ', a: 'x' },
      options: { size: '1g' },
    },
    50,
  );
}

function scheduler(random: Random, older: boolean): Value {
  const settings = random.some<Value>({ enabled: random.pick<Value>([true, false, null]) }, 50);
  const newer = older
    ? {}
    : random.some<Value>(
        {
          sandbox_policy: random.pick(['new', 'Sticky']),
          concurrency_policy: random.pick(['SKIP', 'parallel']),
          display_name: 'Nightly',
        },
        40,
      );
  const work = random.pick<Model>([
    { triggers: triggers(random, older) },
    { script: '  scheduler.agent("hi");\n' },
    { script: '  ' },
    {},
  ]);
  return { ...settings, ...newer, ...work };
}

function triggers(random: Random, older: boolean): Value {
  const kinds = random.shuffled<Model>([
    { cron: random.pick(['0 * * * *', '@daily', '*/5 * * * * *', ' @every 1h30m ']) },
    { interval: random.pick(['90m', '1.5ms', '1h30m']) },
    { timeout: '15s' },
    { event: { topic: random.pick(['git.push', 'webhook.*']) } },
  ]);
  return kinds.slice(0, random.below(4)).map((kind, index) => ({
    ...kind,
    ...random.some<Value>({ name: `t${index}`, prompt: random.pick<Value>(['Look.', ' kept \n', null]) }, 50),
    ...(older ? {} : random.some<Value>({ sandbox_policy: random.pick<Value>(['Sticky', 'new', null]) }, 30)),
    ...(older || !('cron' in kind)
      ? {}
      : random.some<Value>({ timezone: random.pick<Value>(['Asia/Tokyo', null]) }, 40)),
  }));
}

/** The mapping that a value is, or an empty one. */
export function asModel(value: Value | undefined): Model {
  return typeof value === 'object' && value !== null && !isList(value) ? { ...value } : {};
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}
