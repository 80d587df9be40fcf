import type { HookEvent, HookSpec, MergeSpec, ProjectSpec } from '../projectSpec.js';
import { PROJECT_NAME } from '../schema/shape.js';
import type { ComposeNode, MappingNode } from '../source/composeNode.js';
import { child } from '../source/composeNode.js';
import { normalizeAgents } from './agents.js';
import { envEntries } from './interpolate.js';
import type { NormalizeContext } from './normalizeContext.js';
import {
  compareText,
  argumentsAt,
  durationAt,
  entriesOf,
  flagAt,
  itemsOf,
  numberAt,
  pairsAt,
  refuse,
  textAt,
  textsOf,
  wordAt,
} from './normalizeContext.js';
import { userProviders } from './provider.js';
import { mcpServers, octobusServers, volumes } from './servers.js';
import { inlineWorkspace, namedWorkspaces } from './workspace.js';

/** As compas waits for one. */
const DEFAULT_HOOK_TIMEOUT_MS = 10_000;

/** Second pass: defaults, interpolation and everything that values mean together. */
export function normalizeProject(root: MappingNode, context: NormalizeContext): ProjectSpec {
  const name = projectName(context, root);
  const providers = userProviders(context, child(root, 'providers'));
  const workspaces = namedWorkspaces(context, child(root, 'workspaces'));
  const servers = mcpServers(context, child(root, 'mcp_servers'));
  const octobus = octobusServers(context, child(root, 'octobus_servers'));
  const sharedWorkspace = child(root, 'workspace');
  return {
    name,
    ...envFilesAt(root),
    variables: envEntries(context, child(root, 'variables')),
    providers,
    agents: normalizeAgents(context, root, {
      providers: namesOf(child(root, 'providers')),
      workspaces,
      workspaceNames: namesOf(child(root, 'workspaces')),
      projectWorkspace: sharedWorkspace && inlineWorkspace(context, sharedWorkspace, sharedWorkspace.span),
      mcpServers: servers,
      mcpNames: namesOf(child(root, 'mcp_servers')),
      octobusNames: namesOf(child(root, 'octobus_servers')),
      volumeNames: namesOf(child(root, 'volumes')),
    }),
    ...agentOrderAt(root),
    limits: {
      concurrency: numberAt(child(root, 'limits'), 'concurrency'),
      queued: numberAt(child(root, 'limits'), 'queued'),
      usdPerDay: numberAt(child(root, 'limits'), 'usd_per_day'),
      tokensPerDay: numberAt(child(root, 'limits'), 'tokens_per_day'),
    },
    merge: mergeRules(child(root, 'merge')),
    hooks: hooks(context, child(root, 'hooks')),
    workspaces,
    mcpServers: servers,
    octobusServers: octobus,
    volumes: volumes(child(root, 'volumes')),
    network: { mode: 'default' },
  };
}

function agentOrderAt(root: MappingNode): Pick<ProjectSpec, 'agentOrder'> {
  const agentOrder = entriesOf(child(root, 'agents')).map(({ key }) => key);
  const isByName = agentOrder.every((name, index) => index === 0 || compareText(agentOrder[index - 1] ?? '', name) < 0);
  return isByName ? {} : { agentOrder };
}

function namesOf(node: ComposeNode | undefined): ReadonlySet<string> {
  return new Set(entriesOf(node).map(entry => entry.key));
}

export function projectName(context: NormalizeContext, root: MappingNode): string {
  const given = context.projectName ?? textAt(root, 'name');
  if (given !== undefined) {
    if (context.projectName !== undefined && !new RegExp(PROJECT_NAME, 'u').test(given)) {
      refuse(context, { path: 'name', span: { start: 0, end: 0 }, text: `project name must match ${PROJECT_NAME}` });
    }
    return given;
  }
  const cleaned = cleanProjectName(context.directoryName ?? '');
  if (cleaned === '') {
    const node = child(root, 'name');
    refuse(context, {
      code: 'compose.missingField',
      path: 'name',
      span: node?.span ?? { start: 0, end: 0 },
      text: 'project name is required',
    });
  }
  return cleaned;
}

/** A project name out of a folder name: `Agent.Compose_Name` → `agentcompose_name`; empty when nothing is left. */
export function cleanProjectName(directoryName: string): string {
  return directoryName
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[-_]+/, '');
}

function envFilesAt(root: MappingNode): Pick<ProjectSpec, 'envFiles'> {
  const envFiles = textsOf(child(root, 'env_file'));
  return envFiles.length === 0 ? {} : { envFiles };
}

function mergeRules(node: ComposeNode | undefined): MergeSpec {
  return {
    target: textAt(node, 'target'),
    strategy: wordAt(node, 'strategy', ['merge', 'squash', 'rebase']),
    verify: textsOf(child(node, 'verify')),
    batch: numberAt(node, 'batch') ?? 1,
    auto: flagAt(node, 'auto', false) || undefined,
    push: textAt(node, 'push'),
    removeWorktree: flagAt(node, 'remove_worktree', false) || undefined,
  };
}

const HOOK_EVENTS: readonly HookEvent[] = [
  'run_started',
  'run_finished',
  'thread_closed',
  'thread_failed',
  'merge_finished',
];

function hooks(context: NormalizeContext, node: ComposeNode | undefined): readonly HookSpec[] {
  return HOOK_EVENTS.flatMap(event =>
    itemsOf(child(node, `on_${event}`)).map((item): HookSpec => ({
      event,
      command: textAt(item, 'command') ?? '',
      args: argumentsAt(item, 'args'),
      timeoutMs: durationAt(item, 'timeout') ?? DEFAULT_HOOK_TIMEOUT_MS,
      env: envEntries(context, child(item, 'env')),
      filter: pairsAt(item, 'filter'),
    })),
  );
}
