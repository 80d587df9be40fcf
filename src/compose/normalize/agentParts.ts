import type { McpServerSpec } from '../projectSpec.js';
import { IDENTIFIER } from '../schema/shape.js';
import type { ComposeNode } from '../source/composeNode.js';
import { joinPath } from '../source/composeNode.js';
import type { NormalizeContext } from './normalizeContext.js';
import { byName, itemsOf, refuse, refuseUndefined, textAt, textOf, uniqueTexts } from './normalizeContext.js';
import { mcpServer } from './servers.js';

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

/** Names and definitions, each server once: a name that is repeated is only said, two definitions of one name are refused. */
export function agentMcpServers(
  context: NormalizeContext,
  node: ComposeNode | undefined,
  names: McpNames,
): readonly McpServerSpec[] {
  const found = new Map<string, McpServerSpec | undefined>();
  for (const { name, item } of agentMcpNames(node)) {
    if (item.kind === 'scalar' && !names.mcpNames.has(name)) {
      refuseUndefined(context, { what: 'mcp', name, known: names.mcpNames, node: item });
    } else if (found.has(name)) sayRepeated(context, name, item);
    else found.set(name, serverOf(context, { name, item, known: names.mcpServers }));
  }
  return byName([...found.values()].filter(server => server !== undefined));
}

export interface NamedMcpItem {
  readonly name: string;
  /** A name, or a mapping that defines the server. */
  readonly item: ComposeNode;
}

/** What an agent says about its servers: one or a list, each a name or a definition. */
export function agentMcpNames(node: ComposeNode | undefined): readonly NamedMcpItem[] {
  const items = node?.kind === 'sequence' ? node.items : node ? [node] : [];
  return items.flatMap(item => {
    const name = item.kind === 'mapping' ? textAt(item, 'name') : textOf(item);
    return name === undefined ? [] : [{ name, item }];
  });
}

function sayRepeated(context: NormalizeContext, name: string, item: ComposeNode): void {
  if (item.kind === 'scalar') {
    const text = `mcp "${name}" is named before; once is enough`;
    refuse(context, { code: 'compose.suspicious', severity: 'warning', path: item.path, span: item.span, text });
    return;
  }
  refuse(context, {
    code: 'compose.duplicateName',
    path: joinPath(item.path, 'name'),
    span: item.span,
    text: `duplicate mcp "${name}"`,
  });
}

function serverOf(
  context: NormalizeContext,
  { name, item, known }: NamedMcpItem & { readonly known: readonly McpServerSpec[] },
): McpServerSpec | undefined {
  if (item.kind !== 'mapping') return known.find(candidate => candidate.name === name);
  return mcpServer(context, name, item, { start: item.span.start, end: item.span.start + 1 });
}
