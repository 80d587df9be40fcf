import { exactDuration } from '../../base/exactDuration.js';
import { isSecretName } from '../../base/redactor.js';
import type {
  AgentSpec,
  CacheSpec,
  DriverSpec,
  EnvEntry,
  KubernetesSpec,
  FetchedScriptSpec,
  McpServerSpec,
  ProjectSpec,
  ScriptSpec,
  SkillSpec,
  TriggerSpec,
} from '../../compose/projectSpec.js';
import { harmlessVariable } from './harmlessVariables.js';
import { permissionsOf } from './project.js';

/**
 * Everything by which a compose file makes this machine run something or sends something elsewhere. A person agrees to
 * exactly this, because whoever clones a repository gets its compose file with it. What is not here (prompts, limits,
 * models, hand-offs) stays inside what the agent's permission mode allows.
 */
export interface ConsentItem {
  /** Field of the file, `agents.dev.args`. */
  readonly place: string;
  /** One sentence for a person; no secret value and no character that could hide another. */
  readonly text: string;
  /** What consent is bound to: another one whenever anything about the item is. */
  readonly key: string;
}

/** In the order of the file: project, providers, agents, what surrounds them. Agents that take no tasks ask for nothing. */
export function consentSurface(spec: ProjectSpec): readonly ConsentItem[] {
  return [
    ...envFileItems(spec.envFiles ?? []),
    ...variableItems('variables', 'Every agent', spec.variables),
    ...spec.providers.flatMap(provider => [
      item(
        `providers.${provider.name}`,
        `Provider ${shown(provider.name)} runs the command ${commandLine(provider.command, provider.args)}. It may run any command and change any file that you can.`,
        { ...provider, env: [], models: [] },
      ),
      ...variableItems(`providers.${provider.name}.env`, `Provider ${shown(provider.name)}`, provider.env),
    ]),
    ...spec.agents.filter(agent => agent.enabled).flatMap(agent => agentItems(spec, agent)),
    ...spec.merge.verify.map((command, index) =>
      item(`merge.verify[${index}]`, `Before a merge ${quoted(command)} runs.`, command),
    ),
    ...(spec.merge.auto
      ? [item('merge.auto', 'What reviewing agents approve is merged without a person.', spec.merge.target ?? '')]
      : []),
    ...(spec.merge.push === undefined
      ? []
      : [item('merge.push', `What has landed is pushed to ${quoted(spec.merge.push)}.`, spec.merge.push)]),
    ...spec.hooks.flatMap((hook, index) => [
      item(`on_${hook.event}[${index}]`, `On ${hook.event} ${commandLine(hook.command, hook.args)} runs.`, {
        ...hook,
        env: [],
      }),
      ...variableItems(`on_${hook.event}[${index}].env`, `The hook of ${hook.event}`, hook.env),
    ]),
    ...spec.octobusServers.map(server =>
      item(`octobus_servers.${server.name}`, `Agents call the server ${quoted(server.url)}.`, server),
    ),
    ...spec.volumes
      .filter(volume => volume.options.length > 0 || volume.external)
      .map(volume => {
        const options = volume.options.map(({ name, value }) => `${name}=${value}`).join(' ');
        return item(`volumes.${volume.key}`, `The volume ${shown(volume.name)} is ${quoted(options)}.`, volume);
      }),
  ];
}

/** What a container or virtual machine keeps from the agent, beside what other items name. */
function isolationText(driver: DriverSpec): string {
  if (driver.name === 'process') return '';
  if (driver.name === 'kubernetes') return ` in a pod, where it may run any command`;
  return ` in a ${placeOf(driver)}, where it may run any command. Of this machine it has its worktree, the history of the repository to read, and what this file gives it`;
}

function placeOf({ name }: DriverSpec): string {
  if (name === 'kubernetes') return 'pod';
  return name === 'docker' ? 'container' : 'virtual machine';
}

function agentItems(spec: ProjectSpec, agent: AgentSpec): readonly ConsentItem[] {
  const place = `agents.${agent.name}`;
  const who = `Agent ${shown(agent.name)}`;
  const of = (field: string, text: string, definition: unknown): ConsentItem =>
    item(`${place}.${field}`, `${who} ${text}`, definition);
  const own = spec.providers.some(({ name }) => name === agent.provider);
  const { driver, workspace, image, build } = agent;
  const items: ConsentItem[] = [];
  if (driver.name === 'process' && !own && permissionsOf(spec, agent.name) === 'auto') {
    const text = `(${shown(agent.provider)}) runs on this machine with permissions: auto. It may run any command and change any file that you can.`;
    items.push(of('permissions', text, agent.provider));
  }
  if (agent.args.length > 0) {
    const text = `gives ${shown(agent.provider)} the arguments ${commandLine(...headAndTail(agent.args))}.`;
    items.push(of('args', text, [agent.provider, agent.args]));
  }
  if (agent.mayDispatch) items.push(of('may_dispatch', 'may give tasks to agents by itself.', true));
  const inside = isolationText(driver);
  if (image !== undefined) items.push(of('image', `runs the image ${quoted(image)}${inside}.`, image));
  if (build)
    items.push(of('build', `builds ${quoted(`${build.context}/${build.dockerfile}`)} and runs it${inside}.`, build));
  const { network } = agent.sandbox;
  const asked = network === undefined || network === 'none' ? undefined : network;
  if (asked !== undefined) {
    const reached = asked === 'full' ? 'the whole network' : asked.map(quoted).join(', ');
    items.push(of('sandbox.network', `reaches ${reached} from its ${placeOf(driver)}.`, asked));
  }
  items.push(...driverItems(driver, of));
  items.push(...workspaceItems(workspace, of));
  items.push(...variableItems(`${place}.env`, who, agent.env));
  items.push(...agent.mcpServers.flatMap(server => mcpServerItems(server, { place, who, of })));
  for (const skill of agent.skills) items.push(of(`skills.${skill.name}`, skillText(skill), skill));
  for (const mount of agent.volumes) {
    const access = mount.readOnly ? 'to read' : 'to read and write';
    items.push(of(`volumes.${mount.target}`, `gets ${quoted(mount.source)} ${access}.`, mount));
  }
  items.push(...schedulerItems(agent.scheduler, of));
  return items;
}

type ItemOf = (field: string, text: string, definition: unknown) => ConsentItem;

function schedulerItems(scheduler: AgentSpec['scheduler'], of: ItemOf): readonly ConsentItem[] {
  if (!scheduler?.enabled) return [];
  const { triggers, script } = scheduler;
  const items: ConsentItem[] = [];
  if (triggers.length > 0) {
    const starters = triggers.map(triggerText).join(', ');
    items.push(of('scheduler', `is started without anybody: by ${starters}.`, triggers));
  }
  const source = scheduler.registered?.source ?? fetched(script);
  if (source) items.push(of('scheduler.script', sourceText(source), source));
  if (script && !fetched(script)) items.push(of('scheduler.script', scriptText(script), script));
  return items;
}

/** By what consent to fetching an agent's script is found. */
export function scriptSourceKey(agent: string, source: FetchedScriptSpec): string {
  return item(`agents.${agent}.scheduler.script`, '', source).key;
}

function fetched(script: ScriptSpec | undefined): FetchedScriptSpec | undefined {
  return script?.provider === 'http' || script?.provider === 'git' ? script : undefined;
}

/** Nothing is fetched before this was agreed to; what was fetched is agreed to by itself. */
function sourceText(source: FetchedScriptSpec): string {
  const { username, password, token } = source.credentials;
  const sent = [username, password, token].filter(each => each !== undefined).map(quoted);
  const path = source.provider === 'git' ? ` ${quoted([source.path, source.ref].filter(Boolean).join('@'))}` : '';
  const whom = sent.length === 0 ? '' : `, which is sent ${sent.join(' and ')}`;
  return `is started by a script that is fetched from ${quoted(source.url)}${path}${whom}.`;
}

function driverItems(driver: DriverSpec, of: ItemOf): readonly ConsentItem[] {
  if (driver.name === 'kubernetes') return [of('driver.kubernetes', clusterText(driver), driver)];
  const { name, ...options } = driver;
  const set = Object.entries(options).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key} ${[value].flat().join(',')}`],
  );
  return set.length === 0 ? [] : [of(`driver.${name}`, `runs in ${name} with ${quoted(set.join(', '))}.`, driver)];
}

/** Asked for also when nothing is written: the repository leaves this machine. */
function clusterText(driver: KubernetesSpec): string {
  const {
    name: _,
    context,
    facade,
    nodeSelector = [],
    tolerations = [],
    imagePullSecrets = [],
    cache,
    ...texts
  } = driver;
  const where = context === undefined ? 'the current cluster of your kubeconfig' : `the cluster ${quoted(context)}`;
  const options = [
    ...Object.entries(texts).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key} ${[value].flat().join(',')}`],
    ),
    ...nodeSelector.map(({ name, value }) => `nodes with ${name}=${value}`),
    ...tolerations.map(
      ({ key = 'any taint', value, effect = '' }) =>
        `tolerates ${key}${value === undefined ? '' : `=${value}`}${effect && `:${effect}`}`,
    ),
    ...imagePullSecrets.map(secret => `images with the secret ${secret}`),
  ];
  const kept =
    cache === undefined
      ? ''
      : ` The history stays there, in a volume (${quoted(cacheOptions(cache).join(', '))}) that all agents of the repository read.`;
  const how = options.length === 0 ? '' : ` (${options.map(quoted).join(', ')})`;
  const models = facade === undefined ? '' : ` Its calls of models go to the service ${quoted(facade)} there.`;
  return `runs in pods of ${where}${how}. Its worktree, the history of the repository and what this file gives it are sent there.${kept}${models}`;
}

function cacheOptions({ storage, sizeBytes, accessMode }: CacheSpec): readonly string[] {
  return [
    storage === undefined ? 'the default class' : `storage ${storage}`,
    ...(sizeBytes === undefined ? [] : [`size ${sizeBytes}`]),
    ...(accessMode === undefined ? [] : [`access ${accessMode}`]),
  ];
}

function workspaceItems(workspace: AgentSpec['workspace'], of: ItemOf): readonly ConsentItem[] {
  const items: ConsentItem[] = [];
  if (workspace.provider === 'shared') items.push(of('workspace', 'works in your own checkout.', 'shared'));
  for (const [index, repo] of (workspace.provider === 'worktree' ? (workspace.repos ?? []) : []).entries()) {
    const { path, base, target, verify } = repo;
    const where = target ?? base;
    const into = where === undefined ? '' : `, on branches that are merged into ${quoted(where)}`;
    items.push(
      of(`workspace.repos[${index}]`, `works in the repository ${quoted(path)} too${into}.`, [path, target, base]),
    );
    for (const command of verify)
      items.push(
        of(`workspace.repos[${index}].verify`, `has ${quoted(command)} run before a merge in ${quoted(path)}.`, [
          path,
          command,
        ]),
      );
  }
  if (workspace.provider === 'git') items.push(of('workspace', `works on ${quoted(workspace.url)}.`, workspace));
  if (!('setup' in workspace)) return items;
  for (const field of ['setup', 'teardown'] as const) {
    workspace[field].forEach((command, index) =>
      items.push(of(`workspace.${field}[${index}]`, `has ${quoted(command)} run in its workspace.`, command)),
    );
  }
  return items;
}

function mcpServerItems(
  server: McpServerSpec,
  { place, who, of }: { readonly place: string; readonly who: string; readonly of: ItemOf },
): readonly ConsentItem[] {
  const field = `mcp_servers.${server.name}`;
  if (server.type === 'remote') return [of(field, `uses the MCP server ${quoted(server.url)}.`, server)];
  return [
    of(field, `starts the MCP server ${commandLine(server.command, server.args)}.`, [server.command, server.args]),
    ...variableItems(`${place}.${field}.env`, `The MCP server ${shown(server.name)} of ${who}`, server.env),
  ];
}

function triggerText(trigger: TriggerSpec): string {
  switch (trigger.kind) {
    case 'cron':
      return `the clock (${quoted(trigger.cron)})`;
    case 'interval':
      return `the clock (every ${exactDuration(trigger.intervalMs)})`;
    case 'timeout':
      return `the clock (once, after ${exactDuration(trigger.timeoutMs)})`;
    case 'event':
      return `the event ${quoted(trigger.topic)}`;
  }
}

function skillText({ provider, url, path }: SkillSpec): string {
  return `takes a skill from ${quoted([url, path].filter(part => part !== undefined).join(' ') || provider)}.`;
}

function scriptText(script: ScriptSpec): string {
  switch (script.provider) {
    case 'inline':
      return `is started by the script ${quoted(script.text)}.`;
    case 'file':
      return `is started by the script ${quoted(script.path)}.`;
    case 'http':
    case 'git':
      return sourceText(script);
  }
}

/** A file beside the compose file is the project's own; another one may hold what the project should not see. */
function envFileItems(files: readonly string[]): readonly ConsentItem[] {
  return files
    .filter(leavesFolder)
    .map(file => item(`env_file.${file}`, `Variables are read from ${quoted(file)}.`, file));
}

function variableItems(place: string, who: string, entries: readonly EnvEntry[]): readonly ConsentItem[] {
  return entries
    .filter(entry => !harmlessVariable(entry))
    .map(entry => {
      const text = `${who} runs with ${shown(entry.name)}${shownValue(entry)}.`;
      return item(`${place}.${entry.name}`, text, entry);
    });
}

function shownValue(entry: EnvEntry): string {
  if (entry.secret || isSecretName(entry.name)) return ' (a secret)';
  return `=${quoted(entry.value)}`;
}

function leavesFolder(path: string): boolean {
  return /^(?:[/\\~]|[A-Za-z]:)/.test(path) || path.split(/[/\\]/).includes('..');
}

function headAndTail(args: readonly string[]): readonly [string, readonly string[]] {
  const [head = '', ...tail] = args;
  return [head, tail];
}

function item(place: string, text: string, definition: unknown): ConsentItem {
  return { place, text, key: `${place} ${JSON.stringify(definition)}` };
}

function commandLine(command: string, args: readonly string[]): string {
  const words = [command, ...args].map(word => (/^[\w@%+=:,./{}-]+$/.test(word) ? word : JSON.stringify(word)));
  return quoted(words.join(' '));
}

function quoted(text: string): string {
  return `\`${shown(text)}\``;
}

/** Control, invisible and direction-changing characters by their number: what is read is what runs. */
function shown(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}`]/gu, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
