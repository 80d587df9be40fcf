import { child, type ComposeNode, type MappingEntry } from '../source/composeNode.js';
import type { Span } from '../source/textPosition.js';
import type { ComposeSource } from './composeSource.js';

/** What can be named in one place of the file and used in another. */
export type NameKind = 'agent' | 'workspace' | 'mcpServer' | 'volume' | 'octobusServer' | 'provider';

export interface NameOccurrence {
  readonly kind: NameKind;
  readonly name: string;
  readonly role: 'definition' | 'use';
  /** The name alone, without quotes or what follows it. */
  readonly span: Span;
}

const DEFINED_UNDER: readonly (readonly [string, NameKind])[] = [
  ['agents', 'agent'],
  ['workspaces', 'workspace'],
  ['mcp_servers', 'mcpServer'],
  ['volumes', 'volume'],
  ['octobus_servers', 'octobusServer'],
  ['providers', 'provider'],
];

/** Every definition and every use of a name. */
export function namesIn(source: ComposeSource): readonly NameOccurrence[] {
  const found: NameOccurrence[] = [];
  const { root, text } = source;
  for (const [key, kind] of DEFINED_UNDER) {
    for (const entry of entries(child(root, key))) {
      found.push({ kind, name: entry.key, role: 'definition', span: bare(text, entry.keySpan) });
    }
  }
  const agents = [...entries(child(root, 'agents')).map(entry => entry.value), child(root, 'defaults')];
  for (const agent of agents) {
    const use = (kind: NameKind, node: ComposeNode | undefined, shorten = (written: string) => written): void => {
      if (node?.kind !== 'scalar' || node.isNull || node.style === 'block') return;
      const name = shorten(node.text);
      const span = bare(text, node.span);
      if (name !== '')
        found.push({ kind, name, role: 'use', span: { start: span.start, end: span.start + name.length } });
    };
    for (const node of oneOrMany(child(child(agent, 'handoff'), 'on_response'))) use('agent', node);
    use('agent', child(child(agent, 'handoff'), 'on_failure'));
    use('workspace', child(child(agent, 'workspace'), 'name'));
    use('provider', child(agent, 'provider'));
    for (const node of oneOrMany(child(agent, 'mcp_servers'))) use('mcpServer', node);
    for (const node of oneOrMany(child(agent, 'capset_ids'))) {
      use('octobusServer', node, written => (written.includes('/') ? written.slice(0, written.indexOf('/')) : ''));
    }
    for (const node of oneOrMany(child(agent, 'volumes'))) {
      if (node.kind === 'mapping') use('volume', child(node, 'source'));
      else use('volume', node, written => written.split(':')[0] ?? '');
    }
  }
  return found;
}

function entries(node: ComposeNode | undefined): readonly MappingEntry[] {
  return node?.kind === 'mapping' ? node.entries.filter(entry => entry.keyIsScalar) : [];
}

function oneOrMany(node: ComposeNode | undefined): readonly ComposeNode[] {
  return node?.kind === 'sequence' ? node.items : node ? [node] : [];
}

function bare(text: string, span: Span): Span {
  const quoted = text[span.start] === '"' || text[span.start] === "'";
  return quoted ? { start: span.start + 1, end: span.end - 1 } : span;
}

/** The name under the cursor. */
export function nameAt(source: ComposeSource, offset: number): NameOccurrence | undefined {
  return namesIn(source).find(({ span }) => span.start <= offset && offset <= span.end);
}

/** Where the name under the cursor is defined; nothing for built-in providers and the like. */
export function definitionAt(source: ComposeSource, offset: number): Span | undefined {
  const found = nameAt(source, offset);
  if (!found) return undefined;
  return namesIn(source).find(
    other => other.role === 'definition' && other.kind === found.kind && other.name === found.name,
  )?.span;
}

/** Every occurrence of the name under the cursor. */
export function referencesAt(source: ComposeSource, offset: number): readonly Span[] {
  const found = nameAt(source, offset);
  if (!found) return [];
  return namesIn(source)
    .filter(other => other.kind === found.kind && other.name === found.name)
    .map(other => other.span);
}
