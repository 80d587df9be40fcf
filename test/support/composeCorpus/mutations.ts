import type { Random } from './random.ts';
import { asModel, type Model, type Value } from './templates.ts';

/** One change of a valid file, and where it must be refused; without a place it stays valid. */
export interface Mutation {
  readonly name: string;
  /** Path of the error, as both command lines write it, and the change itself; undefined where the file has no such part. */
  readonly apply: (file: Model) => { readonly file: Model; readonly refusedAt?: string } | undefined;
}

const dev = 'agents.dev';

/** A field of the agent `dev`. */
function ofAgent(name: string, fields: Model, refusedAt?: string): Mutation {
  return {
    name,
    apply: file => {
      const agents = asModel(file['agents']);
      const agent = { ...asModel(agents['dev']), ...fields };
      const at = refusedAt === undefined ? {} : { refusedAt: [dev, refusedAt].join('.') };
      return { file: { ...file, agents: { ...agents, dev: agent } }, ...at };
    },
  };
}

/** A field of the whole file; what agents may refer to stays. */
function ofFile(name: string, fields: Model, refusedAt?: string): Mutation {
  const merged = ['mcp_servers', 'octobus_servers', 'volumes'];
  return {
    name,
    apply: file => {
      const added = Object.entries(fields).map(([key, value]): [string, Value] => [
        key,
        merged.includes(key) ? { ...asModel(file[key]), ...asModel(value) } : value,
      ]);
      return { file: { ...file, ...Object.fromEntries(added) }, ...(refusedAt !== undefined && { refusedAt }) };
    },
  };
}

function ofTrigger(name: string, trigger: Value, refusedAt?: string): Mutation {
  const at = refusedAt === undefined ? undefined : ['scheduler.triggers[0]', refusedAt].filter(Boolean).join('.');
  return ofAgent(name, { scheduler: { triggers: [trigger] } }, at);
}

function without(name: string, field: string): Mutation {
  return {
    name,
    apply: file => {
      const agents = asModel(file['agents']);
      const { [field]: _, ...rest } = asModel(agents['dev']);
      return { file: { ...file, agents: { ...agents, dev: rest } } };
    },
  };
}

const cron = { cron: '@daily' };
const git = { provider: 'git', url: 'https://git.test/r.git' };
const remote = { type: 'remote', transport: 'http', url: 'https://x.test' };

/** Each with what the facts about agent-compose say of it; those that only one era refuses are not among them. */
export const mutations: readonly Mutation[] = [
  // What stays valid and means something, or nothing.
  ofAgent('an image', { image: 'alpine' }),
  ofAgent('an empty environment', { env: {} }),
  ofAgent('a disabled agent', { enabled: false }),
  ofAgent('one trigger more', { scheduler: { triggers: [cron, { interval: '2h', prompt: 'x' }] } }),
  ofAgent('a blank script beside triggers', { scheduler: { script: ' ', triggers: [cron] } }),
  ofAgent('an empty script', { scheduler: { script: {}, triggers: [cron] } }),
  ofAgent('words in capitals', { scheduler: { sandbox_policy: 'STICKY', concurrency_policy: 'Parallel' } }),
  ofAgent('a variable that is empty', { env: { A: '${EMPTY}' } }),
  ofAgent('forms that are no references', { env: { A: '$HOST $$ ${1} ${' } }),
  ofAgent('repeated capability sets', { capset_ids: ['a', 'a', ''] }),
  ofAgent('a default that is written out', { enabled: true, jupyter: { enabled: false, guest_port: 0 } }),
  ofFile('no agents', { agents: {} }),
  ofFile('a network', { network: { mode: 'default' } }),
  without('nothing but its name', 'scheduler'),

  // The shape of the file.
  ofFile('a field that nobody knows', { nonsense: 1 }, 'nonsense'),
  ofAgent('a field of an agent that nobody knows', { nonsense: 1 }, 'nonsense'),
  ofFile('agents as a list', { agents: [] }, 'agents'),
  ofFile('variables as text', { variables: 'A=b' }, 'variables'),
  ofAgent('an environment as a list', { env: [] }, 'env'),
  ofAgent('a model as a list', { model: [] }, 'model'),
  ofAgent('capability sets as text', { capset_ids: 'a' }, 'capset_ids'),
  ofAgent('a scheduler as text', { scheduler: 'text' }, 'scheduler'),
  ofAgent('triggers as a mapping', { scheduler: { triggers: {} } }, 'scheduler.triggers'),
  ofAgent('a script as a list', { scheduler: { script: [] } }, 'scheduler.script'),
  ofAgent('a switch that is text', { scheduler: { enabled: 'maybe' } }, 'scheduler.enabled'),
  ofAgent('a skill as text', { skills: ['./skills/review'] }, 'skills[0]'),
  ofAgent(
    'a skill with a source',
    { skills: [{ name: 'a', provider: 'file', path: 'p', source: 's' }] },
    'skills[0].source',
  ),
  ofAgent('a commit of a workspace', { workspace: { ...git, commit: 'c' } }, 'workspace.commit'),
  ofAgent('the port of the host', { jupyter: { host_port: 1 } }, 'jupyter.host_port'),
  ofAgent('a port in words', { jupyter: { guest_port: 'soon' } }, 'jupyter.guest_port'),
  ofAgent('a port that is none', { jupyter: { guest_port: 65536 } }, 'jupyter.guest_port'),
  ofAgent('servers under an older name', { mcps: [] }, 'mcps'),

  // Names.
  ofFile('a project name with capitals', { name: 'Shop' }, 'name'),
  ofFile('a project name with a space', { name: 'my shop' }, 'name'),
  ...['Review', 'review.agent', 'review agent', 'review/agent', '-reviewer', '_reviewer', '1reviewer', '审查'].map(
    name => ofFile(`the agent name ${name}`, { agents: { [name]: {} } }, `agents.${name}`),
  ),
  ofFile('a volume name', { volumes: { cache: { name: '-x' } } }, 'volumes.cache.name'),
  ofFile('a volume driver', { volumes: { cache: { driver: 'nfs' } } }, 'volumes.cache.driver'),

  // Runtimes.
  ofAgent('no runtime', { driver: {} }, 'driver'),
  ofAgent('two runtimes', { driver: { docker: {}, boxlite: {} } }, 'driver'),
  ofAgent('a runtime that is refused', { driver: { firecracker: {} } }, 'driver.firecracker'),
  ofAgent('a runtime as text', { driver: 'docker' }, 'driver'),
  ofAgent('a runtime without braces', { driver: { docker: null } }, 'driver.docker'),

  // References.
  ofFile('a variable that nobody set', { variables: { A: '${NOPE}' } }, 'variables.A.value'),
  ofFile('the same in the long form', { variables: { A: { value: '${NOPE}', secret: true } } }, 'variables.A.value'),
  ofAgent('a model that nobody set', { model: '${NOPE}' }, 'model'),
  ofAgent('an environment that nobody set', { env: { A: 'x${NOPE}' } }, 'env.A.value'),
  ofAgent('a password in the file', { workspace: { ...git, password: 'abc' } }, 'workspace.password'),
  ofAgent('half a token in the file', { workspace: { ...git, token: 'x${TOKEN}' } }, 'workspace.token'),

  // Workspaces.
  ofAgent('an empty workspace', { workspace: {} }, 'workspace'),
  ofAgent('a workspace that is not there', { workspace: { name: 'nowhere' } }, 'workspace.name'),
  ofAgent('a workspace of nobody', { workspace: { provider: 'ftp' } }, 'workspace.provider'),
  ofAgent('a clone of nothing', { workspace: { provider: 'git' } }, 'workspace.url'),
  ofAgent('a copy of nothing', { workspace: { provider: 'file' } }, 'workspace.path'),
  ofAgent('an absolute folder', { workspace: { provider: 'file', path: '/etc' } }, 'workspace.path'),
  ofAgent('a folder outside', { workspace: { provider: 'file', path: 'a/../../b' } }, 'workspace.path'),
  ofAgent('a copy of an address', { workspace: { provider: 'file', path: '.', url: 'u' } }, 'workspace.url'),

  // Schedulers.
  ofAgent('a script and triggers', { scheduler: { script: 'x', triggers: [cron] } }, 'scheduler'),
  ofAgent('an empty policy', { scheduler: { concurrency_policy: '' } }, 'scheduler.concurrency_policy'),
  ...['allow', 'serial', 'reuse'].map(policy =>
    ofAgent(`the policy ${policy}`, { scheduler: { concurrency_policy: policy } }, 'scheduler.concurrency_policy'),
  ),
  ofAgent('a sandbox policy', { scheduler: { sandbox_policy: 'always' } }, 'scheduler.sandbox_policy'),
  ofTrigger('a trigger of no kind', { name: 'n', prompt: 'p' }, ''),
  ofTrigger('an empty trigger', {}, ''),
  ofTrigger('a trigger of two kinds', { cron: '@daily', interval: '1h' }, ''),
  ofTrigger('an empty cron', { cron: '' }, 'cron'),
  ofTrigger('a cron that is none', { cron: 'soon' }, 'cron'),
  ofTrigger('a cron of four fields', { cron: '* * * *' }, 'cron'),
  ofTrigger('an hour that is none', { cron: '0 24 * * *' }, 'cron'),
  ...['', 'soon', '0s', '-1s', '30'].flatMap(time => [
    ofTrigger(`the interval ${JSON.stringify(time)}`, { interval: time }, 'interval'),
    ofTrigger(`the timeout ${JSON.stringify(time)}`, { timeout: time }, 'timeout'),
  ]),
  ofTrigger('an event without a topic', { event: {} }, 'event.topic'),
  ofTrigger('an event with an empty topic', { event: { topic: '' } }, 'event.topic'),
  ofTrigger('an event with something else', { event: { topic: 'a', extra: 1 } }, 'event.extra'),
  ofTrigger('a zone of an interval', { interval: '1h', timezone: 'UTC' }, 'timezone'),
  ofAgent(
    'two triggers of one name',
    {
      scheduler: {
        triggers: [
          { ...cron, name: 'n' },
          { ...cron, name: 'n' },
        ],
      },
    },
    'scheduler.triggers[1].name',
  ),

  // Servers, skills, volumes, builds.
  ofFile('a server of no kind', { mcp_servers: { a: { command: 'c' } } }, 'mcp_servers.a.type'),
  ofFile('a server of another kind', { mcp_servers: { a: { type: 'stdio', command: 'c' } } }, 'mcp_servers.a.type'),
  ofFile('a local server of nothing', { mcp_servers: { a: { type: 'local' } } }, 'mcp_servers.a.command'),
  ofFile(
    'a local server with an address',
    { mcp_servers: { a: { type: 'local', command: 'c', url: 'u' } } },
    'mcp_servers.a.url',
  ),
  ofFile(
    'a remote server without a transport',
    { mcp_servers: { a: { type: 'remote', url: 'u' } } },
    'mcp_servers.a.transport',
  ),
  ofFile('a remote server with arguments', { mcp_servers: { a: { ...remote, args: ['x'] } } }, 'mcp_servers.a.args'),
  ofAgent('a server that is not there', { mcp_servers: ['nowhere'] }, 'mcp_servers[0]'),
  ofAgent('a server without a name', { mcp_servers: [{ type: 'local', command: 'c' }] }, 'mcp_servers[0].name'),
  ofAgent(
    'a server twice',
    {
      mcp_servers: [
        { ...remote, name: 'a' },
        { ...remote, name: 'a' },
      ],
    },
    'mcp_servers[1].name',
  ),
  ...[
    'https://',
    '/path',
    'ftp://a.test',
    'https://u@a.test',
    'https://a.test/api',
    'https://a.test?a=b',
    'https://a.test#f',
    'https://********',
  ].map(url =>
    ofFile(`the OctoBus address ${url}`, { octobus_servers: { company: { url } } }, 'octobus_servers.company.url'),
  ),
  ofFile(
    'a hidden token',
    { octobus_servers: { company: { url: 'https://a.test', token: '********' } } },
    'octobus_servers.company.token',
  ),
  ofAgent('capability sets of nobody', { capset_ids: ['nowhere/a'] }, 'capset_ids[0]'),
  ofAgent('a bad capability set', { capset_ids: ['1a'] }, 'capset_ids[0]'),
  ofAgent('a skill that climbs out', { skills: [{ name: '../../x', provider: 'file', path: 'p' }] }, 'skills[0].name'),
  ofAgent('a skill of nowhere', { skills: [{ name: 'a', provider: 'http', format: 'zip' }] }, 'skills[0].url'),
  ofAgent(
    'a skill of another format',
    { skills: [{ name: 'a', provider: 'http', url: 'u', format: 'tar' }] },
    'skills[0].format',
  ),
  ofAgent(
    'a zip of a repository',
    { skills: [{ name: 'a', provider: 'git', url: 'u', format: 'zip' }] },
    'skills[0].format',
  ),
  ofAgent(
    'a skill twice',
    {
      skills: [
        { name: 'a', provider: 'file', path: 'p' },
        { name: 'a', provider: 'file', path: 'q' },
      ],
    },
    'skills[1].name',
  ),
  ofAgent('a relative target', { volumes: [{ source: 'cache', target: 'b' }] }, 'volumes[0].target'),
  ofAgent(
    'a target twice',
    {
      volumes: [
        { source: 'cache', target: '/b' },
        { source: 'data', target: '/b' },
      ],
    },
    'volumes[1].target',
  ),
  ofAgent('a mode of a mount', { volumes: ['cache:/b:rx'] }, 'volumes[0]'),
  ofAgent(
    'a source that is no name',
    { volumes: [{ type: 'volume', source: './y', target: '/b' }] },
    'volumes[0].source',
  ),
  ofAgent('two platforms', { build: { platforms: ['linux/amd64', 'linux/arm64'] } }, 'build.platforms'),
  ofAgent('a policy of sandboxes', { sandbox: { stopped_runtime_policy: 'keep' } }, 'sandbox.stopped_runtime_policy'),
];

/** The file as it is, or with one change. */
export function mutated(
  random: Random,
  file: Model,
): { readonly file: Model; readonly refusedAt?: string; readonly name: string } {
  if (random.chance(25)) return { file, name: 'as it is' };
  const mutation = random.pick(mutations);
  const changed = mutation.apply(file);
  return changed ? { ...changed, name: mutation.name } : { file, name: 'as it is' };
}
