import { agentMcpNames } from '../../normalize/agentParts.js';
import { withDefaults } from '../../normalize/agents.js';
import { interpolated, interpolatedAt } from '../../normalize/interpolate.js';
import {
  compareText,
  entriesOf,
  flagAt,
  itemsOf,
  numberAt,
  optionalWordAt,
  textAt,
  textOf,
  textsOf,
  uniqueTexts,
  verbatimAt,
  wordAt,
} from '../../normalize/normalizeContext.js';
import { projectName } from '../../normalize/normalizeProject.js';
import { cleanRelativePath } from '../../normalize/paths.js';
import { sandboxPolicyAt } from '../../normalize/sandboxPolicy.js';
import type { ComposeNode, MappingEntry, MappingNode } from '../../source/composeNode.js';
import { child } from '../../source/composeNode.js';
import type { CanonicalObject, CanonicalValue } from '../canonicalValue.js';
import { filled } from '../canonicalValue.js';
import { REDACTED } from '../redactSpec.js';
import { type EraInput, eraDriver, eraHeaders, eraMap, eraTrigger, eraVariables } from './eraInput.js';
import { headMounts, headSkill, headWorkspace } from './headSources.js';

/** The normal form of agent-compose after its sessions became sandboxes. */
export function headForm(root: MappingNode, input: EraInput): CanonicalObject {
  const servers = child(root, 'mcp_servers');
  return filled({
    name: projectName(input.context, root),
    variables: eraVariables(input, child(root, 'variables')),
    workspaces: sortedEntries(child(root, 'workspaces')).map(entry => ({
      key: entry.key,
      ...headWorkspace(input, entry.value, textAt(entry.value, 'name') ?? entry.key),
    })),
    mcp_servers: sortedEntries(servers).map(entry => mcpServer(input, entry.key, entry.value)),
    octobus_servers: sortedEntries(child(root, 'octobus_servers')).map(({ key, value }) =>
      filled({
        name: key,
        url: interpolated(input.context, child(value, 'url')).trim().replace(/\/$/, ''),
        token: textAt(value, 'token') === undefined ? undefined : REDACTED,
      }),
    ),
    volumes: sortedEntries(child(root, 'volumes')).map(entry => volume(input, entry)),
    agents: sortedEntries(child(root, 'agents')).map(entry => agent(input, root, entry)),
  });
}

function sortedEntries(node: ComposeNode | undefined): readonly MappingEntry[] {
  return [...entriesOf(node)].sort((a, b) => compareText(a.key, b.key));
}

function mcpServer(input: EraInput, name: string, node: ComposeNode): CanonicalObject {
  const isLocal = optionalWordAt(node, 'type', ['local', 'remote']) === 'local';
  return filled({
    name,
    type: isLocal ? 'local' : 'remote',
    transport: isLocal ? undefined : optionalWordAt(node, 'transport', ['sse', 'http']),
    command: isLocal ? textAt(node, 'command') : undefined,
    args: isLocal ? uniqueTexts(textsOf(child(node, 'args'))) : undefined,
    env: isLocal ? eraVariables(input, child(node, 'env')) : undefined,
    url: isLocal ? undefined : interpolatedAt(input.context, node, 'url'),
    headers: isLocal ? undefined : eraHeaders(input, child(node, 'headers')),
  });
}

function volume(input: EraInput, { key, value }: MappingEntry): CanonicalObject {
  const trimmed = (node: ComposeNode): string => textOf(node) ?? '';
  return filled({
    key,
    name: textAt(value, 'name'),
    driver: 'local',
    external: flagAt(value, 'external', false) || undefined,
    labels: eraMap(input, child(value, 'labels'), trimmed),
    options: eraMap(input, child(value, 'options'), trimmed),
  });
}

function agent(input: EraInput, root: MappingNode, entry: MappingEntry): CanonicalObject {
  const node = withDefaults(entry, child(root, 'defaults'));
  const policy = wordAt(child(node, 'sandbox'), 'stopped_runtime_policy', ['remove', 'retain']);
  return {
    name: entry.key,
    enabled: flagAt(node, 'enabled', true),
    ...filled({
      display_name: textAt(node, 'display_name'),
      description: textAt(node, 'description'),
      provider: textAt(node, 'provider'),
      model: interpolatedAt(input.context, node, 'model'),
      system_prompt: verbatimAt(node, 'system_prompt'),
      image: textAt(node, 'image'),
      build: build(input, child(node, 'build')),
    }),
    driver: eraDriver(child(node, 'driver')),
    ...filled({
      env: eraVariables(input, child(node, 'env')),
      mcp_servers: agentServers(input, root, child(node, 'mcp_servers')),
      capset_ids: uniqueTexts(textsOf(child(node, 'capset_ids'))),
      skills: itemsOf(child(node, 'skills')).map(item => headSkill(input, item)),
      volumes: headMounts(
        input,
        child(node, 'volumes'),
        new Set(entriesOf(child(root, 'volumes')).map(({ key }) => key)),
      ),
      workspace: agentWorkspace(input, root, child(node, 'workspace')),
      sandbox: policy === 'remove' ? undefined : { stopped_runtime_policy: policy },
      scheduler: scheduler(input, child(node, 'scheduler')),
      jupyter: filled({
        enabled: flagAt(child(node, 'jupyter'), 'enabled', false) || undefined,
        guest_port: numberAt(child(node, 'jupyter'), 'guest_port') || undefined,
      }),
    }),
  };
}

function build(input: EraInput, node: ComposeNode | undefined): CanonicalObject | undefined {
  const context = textOf(node) ?? (node?.kind === 'mapping' ? (textAt(node, 'context') ?? '.') : undefined);
  if (context === undefined) return undefined;
  return filled({
    context,
    dockerfile: textAt(node, 'dockerfile') ?? 'Dockerfile',
    target: textAt(node, 'target'),
    args: eraMap(input, child(node, 'args')),
    platforms: uniqueTexts(textsOf(child(node, 'platforms'))),
    tags: uniqueTexts(textsOf(child(node, 'tags'))),
    no_cache: flagAt(node, 'no_cache', false) || undefined,
    pull: flagAt(node, 'pull', false) || undefined,
  });
}

/** By name, each once; references carry the definition. */
function agentServers(input: EraInput, root: MappingNode, node: ComposeNode | undefined): readonly CanonicalObject[] {
  const found = new Map<string, CanonicalObject>();
  for (const { name, item } of agentMcpNames(node)) {
    const definition = item.kind === 'mapping' ? item : child(child(root, 'mcp_servers'), name);
    if (definition && !found.has(name)) found.set(name, mcpServer(input, name, definition));
  }
  return [...found].sort(([a], [b]) => compareText(a, b)).map(([, server]) => server);
}

/** The one it names, its own, or the older default of the project. */
function agentWorkspace(input: EraInput, root: MappingNode, own: ComposeNode | undefined): CanonicalObject | undefined {
  const name = textAt(own, 'name');
  const named = name === undefined ? undefined : child(child(root, 'workspaces'), name);
  if (named && entriesOf(own).length === 1) return headWorkspace(input, named, undefined);
  const node = own?.kind === 'mapping' ? own : child(root, 'workspace');
  return node && headWorkspace(input, node, textAt(node, 'name'));
}

function scheduler(input: EraInput, node: ComposeNode | undefined): CanonicalObject | undefined {
  if (node?.kind !== 'mapping') return undefined;
  return {
    enabled: flagAt(node, 'enabled', true),
    sandbox_policy: sandboxPolicyAt(node) ?? 'new',
    concurrency_policy: wordAt(node, 'concurrency_policy', ['skip', 'parallel']),
    ...filled({
      display_name: textAt(node, 'display_name'),
      description: textAt(node, 'description'),
      script: script(input, child(node, 'script')),
      triggers: itemsOf(child(node, 'triggers')).map(item => ({
        ...eraTrigger(item, filled({ timezone: textAt(item, 'timezone') })),
        ...filled({ sandbox_policy: sandboxPolicyAt(item) }),
      })),
    }),
  };
}

/** A script of a file is its content; one that is fetched stands as the file has it: nothing is downloaded to print it. */
function script(input: EraInput, node: ComposeNode | undefined): CanonicalValue | undefined {
  if (node?.kind !== 'mapping') return textOf(node);
  const content = input.scripts?.get(cleanRelativePath(textAt(node, 'path') ?? ''));
  if (content !== undefined && textAt(node, 'provider')?.toLowerCase() === 'file') return content;
  const fields = entriesOf(node).map(({ key, value }) => [key, textOf(value)] as const);
  return filled(Object.fromEntries(fields));
}
