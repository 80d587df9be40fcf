import { parseByteSize } from '../byteSize.js';
import type {
  AgentSpec,
  BuildSpec,
  HandoffSpec,
  McpServerSpec,
  NamedWorkspaceSpec,
  WorkspaceSpec,
} from '../projectSpec.js';
import type { ComposeNode, MappingEntry, MappingNode } from '../source/composeNode.js';
import { child } from '../source/composeNode.js';
import { weakeningArguments } from '../schema/permissionArguments.js';
import { agentMcpServers, capsets } from './agentParts.js';
import { driverOf } from './driver.js';
import { envEntries, interpolatedAt } from './interpolate.js';
import { mounts } from './mounts.js';
import type { NormalizeContext } from './normalizeContext.js';
import {
  argumentsAt,
  byName,
  durationAt,
  entriesOf,
  flagAt,
  itemsOf,
  numberAt,
  optionalWordAt,
  pairsAt,
  rawText,
  refuse,
  refuseUndefined,
  textAt,
  textOf,
  textsOf,
  uniqueTexts,
  verbatimAt,
  wordAt,
} from './normalizeContext.js';
import { agentProvider } from './provider.js';
import { scheduler } from './scheduler.js';
import { skills } from './skills.js';
import { agentWorkspace, DEFAULT_WORKSPACE } from './workspace.js';

/** What agents may refer to. */
export interface ProjectNames {
  readonly providers: ReadonlySet<string>;
  readonly workspaces: readonly NamedWorkspaceSpec[];
  readonly workspaceNames: ReadonlySet<string>;
  readonly projectWorkspace: WorkspaceSpec | undefined;
  readonly mcpServers: readonly McpServerSpec[];
  readonly mcpNames: ReadonlySet<string>;
  readonly octobusNames: ReadonlySet<string>;
  readonly volumeNames: ReadonlySet<string>;
}

export function normalizeAgents(
  context: NormalizeContext,
  root: MappingNode,
  names: ProjectNames,
): readonly AgentSpec[] {
  const defaults = child(root, 'defaults');
  const entries = entriesOf(child(root, 'agents'));
  const agentNames = new Set(entries.map(entry => entry.key));
  const agents = entries
    .filter(entry => entry.value.kind === 'mapping')
    .map(entry => normalizeAgent(context, { name: entry.key, node: withDefaults(entry, defaults), names, agentNames }));
  return byName(agents);
}

/** The agent's own fields, then those of `defaults` that it leaves out; `env` is merged by name. */
export function withDefaults(agent: MappingEntry, defaults: ComposeNode | undefined): MappingNode {
  const own = entriesOf(agent.value);
  const ownKeys = new Set(own.map(entry => entry.key));
  const added = entriesOf(defaults).filter(entry => !ownKeys.has(entry.key));
  const sharedEnv = child(defaults, 'env');
  const entries = [...own, ...added].map((entry): MappingEntry => {
    if (entry.key !== 'env' || entry.value.kind !== 'mapping' || entry.value === sharedEnv) return entry;
    // Of two with the same name the first counts.
    return { ...entry, value: { ...entry.value, entries: [...entry.value.entries, ...entriesOf(sharedEnv)] } };
  });
  return { kind: 'mapping', path: agent.value.path, span: agent.keySpan, entries };
}

interface AgentInput {
  readonly name: string;
  readonly node: MappingNode;
  readonly names: ProjectNames;
  readonly agentNames: ReadonlySet<string>;
}

function normalizeAgent(context: NormalizeContext, { name, node, names, agentNames }: AgentInput): AgentSpec {
  const workspaceNode = child(node, 'workspace');
  const ownWorkspace = workspaceNode && agentWorkspace(context, workspaceNode, names.workspaces, names.workspaceNames);
  const schedulerNode = child(node, 'scheduler');
  const provider = agentProvider(context, child(node, 'provider'), names.providers);
  const permissions = optionalWordAt(node, 'permissions', ['confined', 'ask', 'auto']);
  if (permissions === 'ask') warnWhereNobodyAsks(context, provider, child(node, 'permissions'));
  if (permissions !== 'auto') refuseWeakeningArguments(context, provider, child(node, 'args'));
  const agent: AgentSpec = {
    name,
    enabled: flagAt(node, 'enabled', true),
    displayName: textAt(node, 'display_name'),
    description: textAt(node, 'description'),
    provider,
    model: modelOf(context, node),
    systemPrompt: verbatimAt(node, 'system_prompt'),
    image: textAt(node, 'image'),
    build: buildOf(child(node, 'build')),
    driver: driverOf(context, node),
    env: envEntries(context, child(node, 'env')),
    args: argumentsAt(node, 'args'),
    permissions,
    mayDispatch: flagAt(node, 'may_dispatch', false) || undefined,
    timeoutMs: durationAt(node, 'timeout'),
    stallTimeoutMs: durationAt(node, 'stall_timeout'),
    concurrency: numberAt(node, 'concurrency'),
    workspace: ownWorkspace ?? names.projectWorkspace ?? DEFAULT_WORKSPACE,
    handoff: handoffOf(context, name, child(node, 'handoff'), agentNames),
    retries: retriesOf(child(node, 'retries')),
    budget: budgetOf(child(node, 'budget')),
    llm: llmOf(child(node, 'llm')),
    resources: resourcesOf(child(node, 'resources')),
    capsetIds: capsets(context, child(node, 'capset_ids'), names.octobusNames),
    mcpServers: agentMcpServers(context, child(node, 'mcp_servers'), names),
    skills: skills(context, child(node, 'skills')),
    volumes: mounts(context, child(node, 'volumes'), names.volumeNames),
    sandbox: {
      stoppedRuntimePolicy: wordAt(child(node, 'sandbox'), 'stopped_runtime_policy', ['remove', 'retain']),
      network: networkOf(child(node, 'sandbox')),
      process: strictOf(child(node, 'sandbox')),
      pull: optionalWordAt(child(node, 'sandbox'), 'pull', ['missing', 'always', 'never']),
    },
    jupyter: {
      enabled: flagAt(child(node, 'jupyter'), 'enabled', false),
      guestPort: numberAt(child(node, 'jupyter'), 'guest_port') ?? 0,
    },
    scheduler: schedulerNode && scheduler(context, schedulerNode),
  };
  warnOfUnkeptBudget(context, agent, child(node, 'budget'));
  return agent;
}

/** `up` refuses it (core/models/unkeptBudgets.ts); here the editor marks it. */
function warnOfUnkeptBudget(context: NormalizeContext, agent: AgentSpec, node: ComposeNode | undefined): void {
  if (!node || agent.budget === undefined || agent.llm !== undefined || agent.driver.name !== 'process') return;
  const text = `nobody can stop agent "${agent.name}" at this budget while it reaches its models by itself, and \`up\` refuses it; add llm: facade`;
  refuse(context, { code: 'compose.budgetNotKept', severity: 'warning', path: node.path, span: node.span, text });
}

/** `sandbox: strict` is short for a process that is confined. */
function strictOf(node: ComposeNode | undefined): AgentSpec['sandbox']['process'] {
  if (node?.kind === 'mapping') return optionalWordAt(node, 'process', ['strict']);
  return textOf(node)?.toLowerCase() === 'strict' ? 'strict' : undefined;
}

/** `allow-list` alone is what holds without it. */
function networkOf(node: ComposeNode | undefined): AgentSpec['sandbox']['network'] {
  const words = [...new Set(textsOf(child(node, 'network')).map(word => word.toLowerCase()))].toSorted();
  if (words.includes('full')) return 'full';
  const named = words.filter(word => word !== 'none');
  if (named.length === 0) return words.length === 0 ? undefined : 'none';
  return named.length === 1 && named[0] === 'allow-list' ? undefined : named;
}

function retriesOf(node: ComposeNode | undefined): AgentSpec['retries'] {
  return node && { max: numberAt(node, 'max') ?? 0, backoffMs: durationAt(node, 'backoff') ?? 30_000 };
}

function budgetOf(node: ComposeNode | undefined): AgentSpec['budget'] {
  const budget = {
    usd: numberAt(node, 'usd'),
    tokens: numberAt(node, 'tokens'),
    usdPerRun: numberAt(node, 'usd_per_run'),
    tokensPerRun: numberAt(node, 'tokens_per_run'),
    usdPerDay: numberAt(node, 'usd_per_day'),
    tokensPerDay: numberAt(node, 'tokens_per_day'),
  };
  return Object.values(budget).every(value => value === undefined) ? undefined : budget;
}

/** One word, or a mapping with more; `own` is what holds without it. */
function llmOf(node: ComposeNode | undefined): AgentSpec['llm'] {
  const via = node?.kind === 'mapping' ? wordAt(node, 'via', ['facade', 'own']) : textOf(node)?.toLowerCase();
  if (via !== 'facade') return undefined;
  return { upstream: textAt(node, 'upstream'), models: uniqueTexts(textsOf(child(node, 'models'))) };
}

function resourcesOf(node: ComposeNode | undefined): AgentSpec['resources'] {
  const memory = textAt(node, 'memory');
  const memoryBytes = memory === undefined ? undefined : parseByteSize(memory);
  const disk = textAt(node, 'disk');
  const diskBytes = disk === undefined ? undefined : parseByteSize(disk);
  const resources = { cpus: numberAt(node, 'cpus'), memoryBytes, pids: numberAt(node, 'pids'), diskBytes };
  return Object.values(resources).every(value => value === undefined) ? undefined : resources;
}

/** A definition that says `confined` and then tells the CLI otherwise would pass for what it is not. */
function refuseWeakeningArguments(context: NormalizeContext, provider: string, node: ComposeNode | undefined): void {
  const items = itemsOf(node);
  for (const { index, argument } of weakeningArguments(provider, items.map(rawText))) {
    const item = items[index];
    if (!item) continue;
    refuse(context, {
      code: 'compose.weakensPermissions',
      path: item.path,
      span: item.span,
      text: `${JSON.stringify(argument)} would take the agent out of its permission mode; write permissions: auto if it may do everything`,
    });
  }
}

/** CLIs that hand each risky step to somebody else; the others decide it themselves. */
const askingProviders: ReadonlySet<string> = new Set(['claude', 'codex', 'gemini', 'opencode']);

function warnWhereNobodyAsks(context: NormalizeContext, provider: string, node: ComposeNode | undefined): void {
  if (!node || askingProviders.has(provider)) return;
  const text = `provider "${provider}" cannot ask before it does something; permissions: ask is the same as confined for it`;
  refuse(context, { code: 'compose.suspicious', severity: 'warning', path: node.path, span: node.span, text });
}

/** A name that starts with a dash would be read as an option of the CLI. */
function modelOf(context: NormalizeContext, node: MappingNode): string | undefined {
  const model = interpolatedAt(context, node, 'model');
  const written = child(node, 'model');
  if (written && model?.startsWith('-')) {
    const text = `model ${JSON.stringify(model)} must not start with a dash`;
    refuse(context, { path: written.path, span: written.span, text });
  }
  return model;
}

function buildOf(node: ComposeNode | undefined): BuildSpec | undefined {
  if (!node) return undefined;
  const context = textOf(node) ?? textAt(node, 'context') ?? '.';
  return {
    context,
    dockerfile: textAt(node, 'dockerfile') ?? 'Dockerfile',
    target: textAt(node, 'target'),
    args: pairsAt(node, 'args'),
    platforms: uniqueTexts(textsOf(child(node, 'platforms'))),
    tags: uniqueTexts(textsOf(child(node, 'tags'))),
    noCache: flagAt(node, 'no_cache', false),
    pull: flagAt(node, 'pull', false),
  };
}

function handoffOf(
  context: NormalizeContext,
  self: string,
  node: ComposeNode | undefined,
  agentNames: ReadonlySet<string>,
): HandoffSpec | undefined {
  if (!node) return undefined;
  const targets = child(node, 'on_response');
  const failing = child(node, 'on_failure');
  if (!targets && !failing) {
    const text = 'a hand-off needs on_response, on_failure or both';
    refuse(context, { code: 'compose.missingField', path: node.path, span: node.span, text });
    return undefined;
  }
  if (targets) checkTargets(context, self, targets, agentNames);
  if (failing) checkTargets(context, self, failing, agentNames);
  const onFailure = textOf(failing);
  return {
    onResponse: targets ? textsOf(targets) : [],
    ...(onFailure === undefined ? {} : { onFailure }),
    prompt: verbatimAt(node, 'prompt'),
    maxDepth: numberAt(node, 'max_depth') ?? 3,
    join: wordAt(node, 'join', ['all', 'any', 'none']),
  };
}

/** Agents that there are, another one than this, each once. */
function checkTargets(
  context: NormalizeContext,
  self: string,
  targets: ComposeNode,
  agentNames: ReadonlySet<string>,
): void {
  const seen = new Set<string>();
  for (const target of targets.kind === 'sequence' ? itemsOf(targets) : [targets]) {
    const name = textOf(target);
    if (name === undefined) continue;
    if (!agentNames.has(name)) {
      refuseUndefined(context, { what: 'agent', name, known: agentNames, node: target });
    } else if (name === self) {
      refuse(context, { path: target.path, span: target.span, text: `agent "${name}" must not hand off to itself` });
    } else if (seen.has(name)) {
      refuse(context, {
        code: 'compose.duplicateName',
        path: target.path,
        span: target.span,
        text: `duplicate hand-off to "${name}"`,
      });
    }
    seen.add(name);
  }
  if (targets.kind === 'sequence' && targets.items.length === 0) {
    refuse(context, {
      code: 'compose.missingField',
      path: targets.path,
      span: targets.span,
      text: 'hand-off needs at least one agent',
    });
  }
}
