import type { McpServerSpec, MountSpec, SkillSpec } from '../projectSpec.js';
import { IDENTIFIER } from '../schema/shape.js';
import type { ComposeNode, MappingNode } from '../source/composeNode.js';
import { child, joinPath } from '../source/composeNode.js';
import { interpolatedAt } from './interpolate.js';
import type { NormalizeContext } from './normalizeContext.js';
import {
  byName,
  compareText,
  flagAt,
  itemsOf,
  optionalWordAt,
  rawText,
  refuse,
  refuseUndefined,
  textAt,
  textOf,
  uniqueTexts,
} from './normalizeContext.js';
import { mcpServer } from './servers.js';
import { credentials } from './workspace.js';

const CAPSET = /^[a-zA-Z][a-zA-Z0-9_-]{0,62}$/;

/** Trimmed, without empty and repeated ones, in the order of the file. */
export function capsets(
  context: NormalizeContext,
  node: ComposeNode | undefined,
  servers: ReadonlySet<string>,
): readonly string[] {
  const found: string[] = [];
  for (const item of itemsOf(node)) {
    const id = textOf(item);
    if (id === undefined) continue;
    const slash = id.indexOf('/');
    const server = slash < 0 ? undefined : id.slice(0, slash);
    const wellFormed =
      CAPSET.test(id.slice(slash + 1)) && (server === undefined || new RegExp(IDENTIFIER).test(server));
    if (!wellFormed) {
      const text = `capability set "${id}" must be NAME or SERVER/NAME, NAME matching ${CAPSET.source}`;
      refuse(context, { path: item.path, span: item.span, text });
    } else if (server !== undefined && !servers.has(server)) {
      refuseUndefined(context, { what: 'octobus server', name: server, known: servers, node: item });
    }
    found.push(id);
  }
  return uniqueTexts(found);
}

interface McpNames {
  readonly mcpServers: readonly McpServerSpec[];
  readonly mcpNames: ReadonlySet<string>;
}

/** Names and definitions, each server once. */
export function agentMcpServers(
  context: NormalizeContext,
  node: ComposeNode | undefined,
  names: McpNames,
): readonly McpServerSpec[] {
  const seen = new Set<string>();
  const found: McpServerSpec[] = [];
  for (const item of node?.kind === 'sequence' ? node.items : node ? [node] : []) {
    const name = item.kind === 'mapping' ? textAt(item, 'name') : textOf(item);
    if (name === undefined) continue;
    if (item.kind === 'scalar' && !names.mcpNames.has(name)) {
      refuseUndefined(context, { what: 'mcp', name, known: names.mcpNames, node: item });
      continue;
    }
    if (seen.has(name)) {
      refuse(context, {
        code: 'compose.duplicateName',
        path: item.path,
        span: item.span,
        text: `duplicate mcp "${name}"`,
      });
      continue;
    }
    seen.add(name);
    const server =
      item.kind === 'mapping'
        ? mcpServer(context, name, item, { start: item.span.start, end: item.span.start + 1 })
        : names.mcpServers.find(candidate => candidate.name === name);
    if (server) found.push(server);
  }
  return byName(found);
}

export function skills(context: NormalizeContext, node: ComposeNode | undefined): readonly SkillSpec[] {
  const seen = new Set<string>();
  const found: SkillSpec[] = [];
  for (const item of itemsOf(node)) {
    if (item.kind !== 'mapping') continue;
    const skill = skillOf(context, item);
    if (!skill) continue;
    if (seen.has(skill.name)) {
      const span = child(item, 'name')?.span ?? item.span;
      refuse(context, {
        code: 'compose.duplicateName',
        path: joinPath(item.path, 'name'),
        span,
        text: `duplicate skill "${skill.name}"`,
      });
    }
    seen.add(skill.name);
    found.push(skill);
  }
  return byName(found);
}

function skillOf(context: NormalizeContext, node: MappingNode): SkillSpec | undefined {
  const name = interpolatedAt(context, node, 'name');
  const providerNode = child(node, 'provider');
  const written = interpolatedAt(context, node, 'provider');
  const provider = (['file', 'http', 'git'] as const).find(known => known === written);
  if (providerNode && written !== undefined && provider === undefined) {
    const text = `skill provider must be file, http or git, got "${written}"`;
    refuse(context, { path: providerNode.path, span: providerNode.span, text });
  }
  if (name === undefined || provider === undefined) return undefined;
  const skill: SkillSpec = {
    name,
    provider,
    url: interpolatedAt(context, node, 'url'),
    path: interpolatedAt(context, node, 'path'),
    ref: interpolatedAt(context, node, 'ref'),
    format: interpolatedAt(context, node, 'format'),
    credentials: credentials(context, node),
  };
  checkSkill(context, node, skill);
  return skill;
}

function checkSkill(context: NormalizeContext, node: MappingNode, skill: SkillSpec): void {
  const needed = skill.provider === 'file' ? 'path' : 'url';
  const anchor = { start: node.span.start, end: node.span.start + 1 };
  if (skill[needed] === undefined) {
    const text = `${needed} is required for ${skill.provider} skill`;
    refuse(context, { code: 'compose.missingField', path: joinPath(node.path, needed), span: anchor, text });
  }
  if (skill.provider === 'http' && skill.format !== 'zip') {
    const formatNode = child(node, 'format');
    const text = 'format must be zip for http skill';
    refuse(context, { path: joinPath(node.path, 'format'), span: formatNode?.span ?? anchor, text });
  }
}

/** `source:target[:ro]` or a mapping; sorted by target. */
export function mounts(
  context: NormalizeContext,
  node: ComposeNode | undefined,
  volumeNames: ReadonlySet<string>,
): readonly MountSpec[] {
  const seen = new Set<string>();
  const found: MountSpec[] = [];
  for (const item of itemsOf(node)) {
    const mount = item.kind === 'mapping' ? longMount(item, volumeNames) : shortMount(context, item, volumeNames);
    if (!mount) continue;
    const targetNode = child(item, 'target') ?? item;
    if (!mount.target.startsWith('/')) {
      const text = `volume target "${mount.target}" must be an absolute path`;
      refuse(context, { path: targetNode.path, span: targetNode.span, text });
    }
    if (seen.has(mount.target)) {
      const text = `duplicate volume target "${mount.target}"`;
      refuse(context, { code: 'compose.duplicateName', path: targetNode.path, span: targetNode.span, text });
    }
    seen.add(mount.target);
    found.push(mount);
  }
  return found.sort((a, b) => compareText(a.target, b.target));
}

function longMount(node: MappingNode, volumeNames: ReadonlySet<string>): MountSpec | undefined {
  const source = textAt(node, 'source');
  const target = textAt(node, 'target');
  if (source === undefined || target === undefined) return undefined;
  const type = optionalWordAt(node, 'type', ['volume', 'bind']) ?? inferredType(source, volumeNames);
  return { type, source, target, readOnly: flagAt(node, 'read_only', false) };
}

function shortMount(
  context: NormalizeContext,
  node: ComposeNode,
  volumeNames: ReadonlySet<string>,
): MountSpec | undefined {
  const written = rawText(node).trim();
  if (written === '') return undefined;
  const parts = /^([^:]+|[A-Za-z]:[\\/][^:]*):([^:]+)(?::([^:]*))?$/.exec(written);
  const mode = parts?.[3] ?? 'rw';
  const source = parts?.[1];
  const target = parts?.[2];
  if (source === undefined || target === undefined || !['ro', 'rw', 'readonly'].includes(mode)) {
    const text = `volume "${written}" must be source:target or source:target:ro`;
    refuse(context, { path: node.path, span: node.span, text });
    return undefined;
  }
  return { type: inferredType(source, volumeNames), source, target, readOnly: mode !== 'rw' };
}

function inferredType(source: string, volumeNames: ReadonlySet<string>): MountSpec['type'] {
  if (volumeNames.has(source)) return 'volume';
  return /^([/.~]|[A-Za-z]:[\\/])/.test(source) ? 'bind' : 'volume';
}
