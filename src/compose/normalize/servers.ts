import type { McpServerSpec, OctobusServerSpec, VolumeSpec } from '../projectSpec.js';
import { REDACTED } from '../output/redactSpec.js';
import type { ComposeNode, MappingNode } from '../source/composeNode.js';
import { child, entryOf, joinPath } from '../source/composeNode.js';
import type { Span } from '../source/textPosition.js';
import { envEntries, interpolated, interpolatedAt, templateAt } from './interpolate.js';
import type { NormalizeContext } from './normalizeContext.js';
import {
  byName,
  compareText,
  entriesOf,
  flagAt,
  optionalWordAt,
  pairsAt,
  refuse,
  textAt,
  textOf,
  textsOf,
  uniqueTexts,
} from './normalizeContext.js';

export function mcpServers(context: NormalizeContext, node: ComposeNode | undefined): readonly McpServerSpec[] {
  const found = entriesOf(node).map(entry =>
    entry.value.kind === 'mapping' ? mcpServer(context, entry.key, entry.value, entry.keySpan) : undefined,
  );
  return byName(found.filter(server => server !== undefined));
}

/** One server; `undefined` when what is wrong with it leaves nothing to keep. */
export function mcpServer(
  context: NormalizeContext,
  name: string,
  node: MappingNode,
  anchor: Span,
): McpServerSpec | undefined {
  switch (optionalWordAt(node, 'type', ['local', 'remote'])) {
    case 'local':
      return localServer(context, name, node, anchor);
    case 'remote':
      return remoteServer(context, name, node, anchor);
    case undefined:
      return undefined;
  }
}

function localServer(context: NormalizeContext, name: string, node: MappingNode, anchor: Span): McpServerSpec {
  refuseFields(context, node, ['transport', 'url', 'headers'], 'local');
  const command = textAt(node, 'command');
  if (command === undefined) {
    const text = 'command is required for local mcp';
    refuse(context, { code: 'compose.missingField', path: joinPath(node.path, 'command'), span: anchor, text });
  }
  return {
    name,
    type: 'local',
    command: command ?? '',
    args: uniqueTexts(textsOf(child(node, 'args'))),
    env: envEntries(context, child(node, 'env')),
  };
}

function remoteServer(context: NormalizeContext, name: string, node: MappingNode, anchor: Span): McpServerSpec {
  refuseFields(context, node, ['command', 'args', 'env'], 'remote');
  const transport = optionalWordAt(node, 'transport', ['sse', 'http']);
  if (transport === undefined && textAt(node, 'transport') === undefined) {
    const text = 'transport must be sse or http for remote mcp';
    refuse(context, { code: 'compose.missingField', path: joinPath(node.path, 'transport'), span: anchor, text });
  }
  const url = interpolatedAt(context, node, 'url');
  if (url === undefined) {
    const text = 'url is required for remote mcp';
    refuse(context, { code: 'compose.missingField', path: joinPath(node.path, 'url'), span: anchor, text });
  }
  const headers = envEntries(context, child(node, 'headers'), { referencesAreSecret: true });
  return { name, type: 'remote', transport: transport ?? 'http', url: url ?? '', headers };
}

function refuseFields(context: NormalizeContext, node: MappingNode, keys: readonly string[], type: string): void {
  for (const key of keys) {
    const entry = entryOf(node, key);
    if (!entry || isEmpty(entry.value)) continue;
    const text = `${key} is not allowed for ${type} mcp`;
    refuse(context, { code: 'compose.exclusive', path: entry.value.path, span: entry.keySpan, text });
  }
}

function isEmpty(node: ComposeNode): boolean {
  switch (node.kind) {
    case 'scalar':
      return textOf(node) === undefined;
    case 'mapping':
      return node.entries.length === 0;
    case 'sequence':
      return node.items.every(isEmpty);
    case 'alias':
      return false;
  }
}

export function octobusServers(context: NormalizeContext, node: ComposeNode | undefined): readonly OctobusServerSpec[] {
  const found = entriesOf(node).map((entry): OctobusServerSpec | undefined => {
    if (entry.value.kind !== 'mapping') return undefined;
    const urlNode = child(entry.value, 'url');
    const url = interpolated(context, urlNode).trim();
    const refused = url === '' ? undefined : octobusUrlProblem(url);
    if (urlNode && refused !== undefined) refuse(context, { path: urlNode.path, span: urlNode.span, text: refused });
    const tokenNode = child(entry.value, 'token');
    if (tokenNode && textOf(tokenNode) === REDACTED) {
      const text = `token must not be the redaction placeholder ${REDACTED}`;
      refuse(context, { path: tokenNode.path, span: tokenNode.span, text });
    }
    return { name: entry.key, url: url.replace(/\/$/, ''), token: templateAt(context, entry.value, 'token') };
  });
  return byName(found.filter(server => server !== undefined));
}

function octobusUrlProblem(url: string): string | undefined {
  if (url.includes(REDACTED)) return `url must not contain the redaction placeholder ${REDACTED}`;
  const parts = /^(https?):\/\/([^/?#]*)(\/[^?#]*)?(\?[^#]*)?(#.*)?$/i.exec(url);
  if (!parts) return 'url must be an absolute http or https address';
  const authority = parts[2] ?? '';
  if (authority.includes('@')) return 'url must not contain a user name or password';
  if (!/^(\[[0-9A-Fa-f:.]+\]|[\p{L}\p{M}\p{N}._-]+)(:\d{1,5})?$/u.test(authority)) return 'url must have a host';
  const port = /:(\d+)$/.exec(authority)?.[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    return 'url must have a port between 1 and 65535';
  if ((parts[3] ?? '/') !== '/') return 'url must not contain a path';
  if (parts[4] !== undefined) return 'url must not contain a query';
  return parts[5] === undefined ? undefined : 'url must not contain a fragment';
}

export function volumes(node: ComposeNode | undefined): readonly VolumeSpec[] {
  return entriesOf(node)
    .map((entry): VolumeSpec => ({
      key: entry.key,
      name: textAt(entry.value, 'name') ?? entry.key,
      driver: 'local',
      external: flagAt(entry.value, 'external', false),
      labels: pairsAt(entry.value, 'labels'),
      options: pairsAt(entry.value, 'options'),
    }))
    .sort((a, b) => compareText(a.key, b.key));
}
