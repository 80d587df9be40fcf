import { stringify } from 'yaml';
import type {
  AgentSpec,
  BuildSpec,
  EnvEntry,
  HookSpec,
  McpServerSpec,
  ProjectSpec,
  SchedulerSpec,
} from '../projectSpec.js';
import { canonicalDriver } from './canonicalDriver.js';
import { canonicalAgent, canonicalScheduler, canonicalTrigger } from './canonicalAgent.js';
import { canonicalMcpServer, canonicalWorkspace } from './canonicalParts.js';
import { canonicalHook, canonicalProject, canonicalProvider } from './canonicalProject.js';
import type { CanonicalObject, CanonicalValue } from './canonicalValue.js';
import { filled } from './canonicalValue.js';

/** What the normal form writes as lists of named things. */
const SECTIONS = [
  'variables',
  'providers',
  'agents',
  'hooks',
  'workspaces',
  'mcp_servers',
  'octobus_servers',
  'volumes',
];

/** What the normal form says of everything, and people only where they want it otherwise. */
const PROJECT_DEFAULTS: CanonicalObject = { network: { mode: 'default' } };
const PROVIDER_DEFAULTS: CanonicalObject = { input: 'stdin', output: { format: 'text' } };
const AGENT_DEFAULTS: CanonicalObject = { workspace: { provider: 'worktree' } };
/** An image asks for another driver. */
const AGENT_DEFAULTS_WITHOUT_IMAGE: CanonicalObject = { ...AGENT_DEFAULTS, driver: { process: {} } };
const SCHEDULER_DEFAULTS: CanonicalObject = { enabled: true };

/**
 * A compose file that says what the spec says, as people would write it; reading it gives the spec again. Values that hold
 * `${NAME}` although they were not written as references cannot be expressed and will be replaced when the file is read.
 */
export function formatCompose(spec: ProjectSpec): string {
  const file: CanonicalObject = leftOut(PROJECT_DEFAULTS, {
    ...without(canonicalProject(spec), SECTIONS),
    ...section('variables', environment(spec.variables)),
    ...section(
      'providers',
      keyed(spec.providers, provider => [
        provider.name,
        leftOut(PROVIDER_DEFAULTS, {
          ...without(canonicalProvider(provider), ['name', 'env']),
          ...section('env', environment(provider.env)),
        }),
      ]),
    ),
    ...section(
      'agents',
      keyed(spec.agents, agent => [agent.name, agentBody(agent)]),
    ),
    ...section('hooks', hookLists(spec.hooks)),
    ...section(
      'workspaces',
      keyed(spec.workspaces, ({ key, ...workspace }) => [key, canonicalWorkspace(workspace)]),
    ),
    ...section(
      'mcp_servers',
      keyed(spec.mcpServers, server => [server.name, without(serverBody(server), ['name'])]),
    ),
    ...section(
      'octobus_servers',
      keyed(spec.octobusServers, server => [server.name, filled({ url: server.url, token: server.token })]),
    ),
    ...section(
      'volumes',
      keyed(spec.volumes, volume => [
        volume.key,
        filled({
          name: volume.name,
          external: volume.external,
          labels: texts(volume.labels),
          options: texts(volume.options),
        }),
      ]),
    ),
  });
  return stringify(file, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Replaces a section of the normal form; an empty one is left out. */
function section(name: string, value: CanonicalObject): CanonicalObject {
  return filled({ [name]: value });
}

function keyed<T>(items: readonly T[], entry: (item: T) => readonly [string, CanonicalValue]): CanonicalObject {
  return Object.fromEntries(items.map(entry));
}

/** Without the fields that say what is the default. */
function leftOut(defaults: CanonicalObject, object: CanonicalObject): CanonicalObject {
  const isDefault = (name: string, value: CanonicalValue): boolean =>
    Object.hasOwn(defaults, name) && JSON.stringify(defaults[name]) === JSON.stringify(value);
  return Object.fromEntries(Object.entries(object).filter(([name, value]) => !isDefault(name, value)));
}

function without(object: CanonicalObject, names: readonly string[]): CanonicalObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

function environment(entries: readonly EnvEntry[]): CanonicalObject {
  return keyed(entries, entry => [
    entry.name,
    entry.secret ? { value: entry.template, secret: true } : escaped(entry.value),
  ]);
}

/** A value as the file has to say it: a dollar that would begin something is doubled. */
function escaped(value: string): string {
  return value.replace(/\$(?=[${])/g, () => '$$');
}

function texts(pairs: readonly { readonly name: string; readonly value: string }[]): CanonicalObject {
  return keyed(pairs, pair => [pair.name, pair.value]);
}

function agentBody(agent: AgentSpec): CanonicalObject {
  const hasImage = agent.image !== undefined || agent.build !== undefined;
  return leftOut(hasImage ? AGENT_DEFAULTS : AGENT_DEFAULTS_WITHOUT_IMAGE, {
    ...without(canonicalAgent(agent), ['name']),
    driver: { [agent.driver.name]: canonicalDriver(agent.driver) },
    ...section('env', environment(agent.env)),
    ...(agent.build ? { build: buildBody(agent.build) } : {}),
    ...(agent.mcpServers.length > 0 ? { mcp_servers: agent.mcpServers.map(serverBody) } : {}),
    ...(agent.scheduler ? { scheduler: schedulerBody(agent.scheduler) } : {}),
  });
}

function buildBody(build: BuildSpec): CanonicalObject {
  return filled({
    context: build.context,
    dockerfile: build.dockerfile,
    target: build.target,
    args: texts(build.args),
    platforms: build.platforms,
    tags: build.tags,
    no_cache: build.noCache,
    pull: build.pull,
  });
}

function serverBody(server: McpServerSpec): CanonicalObject {
  const same = canonicalMcpServer(server);
  return server.type === 'local'
    ? { ...without(same, ['env']), ...section('env', environment(server.env)) }
    : { ...without(same, ['headers']), ...section('headers', environment(server.headers)) };
}

function schedulerBody(scheduler: SchedulerSpec): CanonicalObject {
  const triggers = scheduler.triggers.map(trigger => without(canonicalTrigger(trigger), ['kind']));
  const body = without(canonicalScheduler(scheduler), ['triggers']);
  return { ...leftOut(SCHEDULER_DEFAULTS, body), ...(triggers.length > 0 ? { triggers } : {}) };
}

function hookLists(hooks: readonly HookSpec[]): CanonicalObject {
  const lists: Record<string, CanonicalValue[]> = {};
  for (const hook of hooks) {
    const { env, filter } = hook;
    const body = without(canonicalHook(hook), ['event', 'env', 'filter']);
    const list = (lists[`on_${hook.event}`] ??= []);
    list.push({ ...body, ...section('env', environment(env)), ...section('filter', texts(filter)) });
  }
  return lists;
}
