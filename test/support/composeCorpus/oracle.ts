import { asModel, corpusEnvironment, isList, type Model, type Value } from './templates.ts';

/**
 * What agent-compose makes of a valid file, worked out from the facts about its two command lines (fields, defaults, order and
 * words of its normal form) over plain data. It shares no code and no tables with `src/compose`: where the two disagree, one
 * of them has the facts wrong. Where we differ on purpose it says so: references in headers and user names stay hidden.
 */
export function expectedForm(file: Model, era: 'head' | 'seed', folder: string): Model {
  const agents = asModel(file['agents']);
  const common = { name: text(file['name']).trim() || 'shop', variables: variables(file['variables']) };
  const list = Object.keys(agents).toSorted();
  if (era === 'seed') {
    const workspace = seedWorkspace(file['workspace']);
    const shown = list.map(name => seedAgent(name, asModel(agents[name]), file));
    return { ...clean({ ...common, workspace, agents: shown }), network: { mode: 'default' } };
  }
  return clean({
    ...common,
    workspaces: sorted(file['workspaces'], (key, item) => ({
      key,
      ...headWorkspace(item, text(item['name']).trim() || key),
    })),
    mcp_servers: sorted(file['mcp_servers'], server),
    octobus_servers: sorted(file['octobus_servers'], (name, item) =>
      clean({ name, url: text(item['url']).replace(/\/$/, ''), token: text(item['token']) === '' ? '' : STARS }),
    ),
    volumes: sorted(file['volumes'], (key, item) =>
      clean({
        key,
        name: text(item['name']),
        driver: 'local',
        external: item['external'] === true,
        labels: pairs(item['labels']),
        options: pairs(item['options']),
      }),
    ),
    agents: list.map(name => headAgent(name, asModel(agents[name]), file, folder)),
  });
}

const STARS = '********';

function headAgent(name: string, agent: Model, file: Model, folder: string): Model {
  const port = Number(asModel(agent['jupyter'])['guest_port'] ?? 0);
  const policy = lower(asModel(agent['sandbox'])['stopped_runtime_policy']);
  return {
    name,
    enabled: agent['enabled'] !== false,
    ...clean({
      display_name: text(agent['display_name']).trim(),
      description: text(agent['description']).trim(),
      ...spoken(agent),
      build: build(agent['build']),
    }),
    driver: driver(agent['driver']),
    ...clean({
      env: variables(agent['env']),
      mcp_servers: agentServers(agent['mcp_servers'], asModel(file['mcp_servers'])),
      capset_ids: unique(agent['capset_ids']),
      skills: items(agent['skills']).map(item => skill(asModel(item), folder)),
      volumes: items(agent['volumes']).map(item => mount(item, asModel(file['volumes']))),
      workspace: usedWorkspace(agent['workspace'], file),
      sandbox: policy === 'retain' ? { stopped_runtime_policy: 'retain' } : {},
      scheduler: scheduler(agent['scheduler'], 'head'),
      jupyter: clean({ enabled: asModel(agent['jupyter'])['enabled'] === true, guest_port: port === 0 ? '' : port }),
    }),
  };
}

function seedAgent(name: string, agent: Model, file: Model): Model {
  const spec = asModel(agent['workspace']);
  const isNamed = Object.keys(spec).join() === 'name';
  const own = isNamed ? asModel(file['workspaces'])[text(spec['name'])] : agent['workspace'];
  return {
    name,
    ...clean(spoken(agent)),
    driver: driver(agent['driver']),
    ...clean({
      env: variables(agent['env']),
      capset_ids: unique(agent['capset_ids']),
      workspace: seedWorkspace(own),
      scheduler: scheduler(agent['scheduler'], 'seed'),
    }),
  };
}

/** What both eras print about an agent in front of its driver; only the model has references. */
function spoken(agent: Model): Model {
  return {
    provider: text(agent['provider']).trim(),
    model: resolved(text(agent['model']).trim()),
    system_prompt: text(agent['system_prompt']),
    image: text(agent['image']).trim(),
  };
}

function driver(value: Value | undefined): Model {
  const [name = 'docker', options = {}] = Object.entries(asModel(value))[0] ?? [];
  return { name, [name]: asModel(options) };
}

function build(value: Value | undefined): Model {
  if (value === undefined || value === null) return {};
  const spec = typeof value === 'string' ? { context: value } : asModel(value);
  return clean({
    context: text(spec['context']) || '.',
    dockerfile: text(spec['dockerfile']) || 'Dockerfile',
    args: Object.fromEntries(
      Object.entries(asModel(spec['args']))
        .toSorted(byKey)
        .map(([key, item]) => [key, text(item)]),
    ),
    platforms: unique(spec['platforms']),
    tags: unique(spec['tags']),
    no_cache: spec['no_cache'] === true,
  });
}

function server(name: string, spec: Model): Model {
  const isLocal = lower(spec['type']) === 'local';
  return isLocal
    ? clean({
        name,
        type: 'local',
        command: spec['command'] ?? '',
        args: unique(spec['args']),
        env: variables(spec['env']),
      })
    : clean({
        name,
        type: 'remote',
        transport: lower(spec['transport']),
        url: resolved(text(spec['url'])),
        headers: variables(spec['headers'], { hideReferences: true }),
      });
}

function agentServers(value: Value | undefined, known: Model): readonly Model[] {
  const names = new Set(isList(value) ? value.map(text) : value === undefined || value === null ? [] : [text(value)]);
  return [...names].toSorted().map(name => server(name, asModel(known[name])));
}

function skill(spec: Model, folder: string): Model {
  const path = text(spec['path']);
  const provider = lower(spec['provider']);
  const last =
    (path || text(spec['url']))
      .replace(/\.(zip|git)$/, '')
      .split('/')
      .at(-1) ?? '';
  return clean({
    name: text(spec['name']) || last.toLowerCase().replace(/[^a-z0-9_-]/g, '-'),
    provider,
    url: spec['url'] ?? '',
    ref: spec['ref'] ?? '',
    path: provider === 'file' ? `${folder}/${path}` : path,
    format: spec['format'] ?? '',
  });
}

function mount(value: Value, volumes: Model): Model {
  const [short = '', target = '', mode = ''] = typeof value === 'string' ? value.split(':') : [];
  const spec = typeof value === 'string' ? { source: short, target, read_only: mode === 'ro' } : asModel(value);
  const source = text(spec['source']);
  const inferred = !(source in volumes) && /^[./]/.test(source) ? 'bind' : 'volume';
  const to = text(spec['target']).replace('/./', '/').replace(/\/$/, '');
  return clean({ type: lower(spec['type']) || inferred, source, target: to, read_only: spec['read_only'] === true });
}

function usedWorkspace(value: Value | undefined, file: Model): Model {
  const own = asModel(value);
  const name = text(own['name']);
  const named = asModel(file['workspaces'])[name];
  if (named !== undefined && Object.keys(own).length === 1) return headWorkspace(asModel(named), '');
  const used = value === undefined || value === null ? asModel(file['workspace']) : own;
  return Object.keys(used).length === 0 ? {} : headWorkspace(used, text(used['name']));
}

function headWorkspace(spec: Model, name: string): Model {
  const isGit = lower(spec['provider']) === 'git';
  const older = isGit ? text(spec['path']) : '';
  return clean({
    name,
    provider: isGit ? 'git' : 'file',
    url: text(spec['url']).trim(),
    ref: text(spec['ref']) || text(spec['branch']),
    path: isGit ? '' : short(text(spec['path'])),
    username: spec['username'] ?? '',
    password: spec['password'] ?? '',
    token: spec['token'] ?? '',
    target: short(text(spec['target']) || older || '.'),
  });
}

function seedWorkspace(value: Value | undefined): Model {
  const spec = asModel(value);
  if (Object.keys(spec).length === 0) return {};
  const written = text(spec['provider']);
  const provider = written.toLowerCase() === 'file' ? 'local' : written;
  const target = provider === 'git' ? text(spec['target']) : '';
  return clean({
    provider,
    url: text(spec['url']).trim(),
    branch: text(spec['branch']) || text(spec['ref']),
    path: text(spec['path']) || target,
  });
}

function scheduler(value: Value | undefined, era: 'head' | 'seed'): Model {
  if (value === undefined || value === null) return {};
  const spec = asModel(value);
  const policies = {
    sandbox_policy: lower(spec['sandbox_policy']) || 'new',
    concurrency_policy: lower(spec['concurrency_policy']) || 'skip',
  };
  return {
    enabled: spec['enabled'] !== false,
    ...(era === 'head' && policies),
    ...clean({
      display_name: era === 'head' ? text(spec['display_name']) : '',
      script: text(spec['script']).trim(),
      triggers: items(spec['triggers']).map(item => trigger(asModel(item), era)),
    }),
  };
}

function trigger(spec: Model, era: 'head' | 'seed'): Model {
  const kind = ['cron', 'interval', 'timeout', 'event'].find(name => name in spec) ?? '';
  const payload = spec[kind] ?? '';
  return clean({
    name: text(spec['name']),
    kind,
    [kind]: typeof payload === 'string' ? payload.trim() : payload,
    timezone: era === 'head' ? text(spec['timezone']) : '',
    prompt: text(spec['prompt']),
    sandbox_policy: era === 'head' ? lower(spec['sandbox_policy']) : '',
  });
}

function variables(value: Value | undefined, { hideReferences = false } = {}): readonly Model[] {
  return Object.entries(asModel(value))
    .toSorted(byKey)
    .map(([name, item]): Model => {
      const spec = typeof item === 'object' && item !== null ? asModel(item) : { value: item };
      const written = text(spec['value']);
      const isSecret = spec['secret'] === true || (hideReferences && written.includes('${'));
      return isSecret ? { name, value: STARS, secret: true } : { name, value: resolved(written) };
    });
}

/** `${NAME}` and nothing else. */
function resolved(written: string): string {
  return written.replace(/\$\{([A-Z]+)\}/g, (whole, name: string) => corpusEnvironment[name] ?? whole);
}

function pairs(value: Value | undefined): Model {
  return Object.fromEntries(
    Object.entries(asModel(value))
      .toSorted(byKey)
      .map(([key, item]) => [key, text(item).trim()]),
  );
}

function sorted(value: Value | undefined, print: (name: string, spec: Model) => Model): readonly Model[] {
  return Object.entries(asModel(value))
    .toSorted(byKey)
    .map(([name, spec]) => print(name, asModel(spec)));
}

function byKey([a]: readonly [string, Value], [b]: readonly [string, Value]): number {
  return a < b ? -1 : 1;
}

function unique(value: Value | undefined): readonly string[] {
  return [...new Set(items(value).map(item => text(item).trim()))].filter(item => item !== '');
}

function items(value: Value | undefined): readonly Value[] {
  return isList(value) ? value : [];
}

function text(value: Value | undefined): string {
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}

function lower(value: Value | undefined): string {
  return text(value).trim().toLowerCase();
}

/** The paths of the templates, made short by hand. */
function short(path: string): string {
  const known: Readonly<Record<string, string>> = { './web//': 'web', 'a/../b': 'b', './x/': 'x' };
  return known[path] ?? path;
}

/** Without what says nothing. */
function clean(fields: Readonly<Record<string, Value>>): Model {
  const isNothing = (value: Value): boolean =>
    value === '' || value === false || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isNothing(value)));
}
