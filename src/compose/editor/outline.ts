import type { ComposeNode, MappingEntry } from '../source/composeNode.js';
import { child, entryOf } from '../source/composeNode.js';
import type { Span } from '../source/textPosition.js';
import type { ComposeSource } from './composeSource.js';

export type SymbolKind = 'section' | 'agent' | 'trigger' | 'script' | 'variable' | 'name';

export interface ComposeSymbol {
  readonly kind: SymbolKind;
  readonly name: string;
  readonly detail: string;
  readonly span: Span;
  /** The part of `span` that is the name. */
  readonly nameSpan: Span;
  readonly children: readonly ComposeSymbol[];
}

/** The file as a tree of named things, in file order. */
export function outline(source: ComposeSource): readonly ComposeSymbol[] {
  return entriesOf(source.root).map(entry => symbol('section', entry, sectionChildren(entry)));
}

function sectionChildren(entry: MappingEntry): readonly ComposeSymbol[] {
  const inside = entriesOf(entry.value);
  switch (entry.key) {
    case 'agents':
      return inside.map(agent => symbol('agent', agent, schedulerSymbols(agent.value)));
    case 'variables':
      return inside.map(variable => symbol('variable', variable, []));
    case 'workspaces':
    case 'mcp_servers':
    case 'octobus_servers':
    case 'volumes':
    case 'providers':
      return inside.map(named => symbol('name', named, []));
    default:
      return [];
  }
}

function schedulerSymbols(agent: ComposeNode): readonly ComposeSymbol[] {
  const scheduler = child(agent, 'scheduler');
  const script = entryOf(scheduler, 'script');
  const triggers = triggersOf(agent).map((trigger): ComposeSymbol => ({
    kind: 'trigger',
    name: trigger.name,
    detail: trigger.detail,
    span: trigger.node.span,
    nameSpan: trigger.nameSpan,
    children: [],
  }));
  return script ? [...triggers, symbol('script', script, [])] : triggers;
}

function symbol(kind: SymbolKind, entry: MappingEntry, children: readonly ComposeSymbol[]): ComposeSymbol {
  const span = { start: entry.keySpan.start, end: Math.max(entry.value.span.end, entry.keySpan.end) };
  return { kind, name: entry.key, detail: detailOf(kind, entry.value), span, nameSpan: entry.keySpan, children };
}

function detailOf(kind: SymbolKind, value: ComposeNode): string {
  if (kind === 'agent')
    return [child(value, 'provider'), child(value, 'model')]
      .map(shortText)
      .filter(text => text !== '')
      .join(' · ');
  // Variables may be secrets.
  return kind === 'section' ? shortText(value) : '';
}

function shortText(node: ComposeNode | undefined): string {
  return node?.kind === 'scalar' && node.text.length <= 60 ? node.text : '';
}

export interface TriggerAt {
  readonly agent: string;
  readonly index: number;
  /** `name` of the trigger, else what it is, `cron 0 * * * *`. */
  readonly name: string;
  /** Given in the file. */
  readonly hasName: boolean;
  readonly detail: string;
  readonly node: ComposeNode;
  readonly nameSpan: Span;
}

const KINDS = ['cron', 'interval', 'timeout', 'event'] as const;

function triggersOf(agent: ComposeNode, agentName = ''): readonly TriggerAt[] {
  const list = child(child(agent, 'scheduler'), 'triggers');
  if (list?.kind !== 'sequence') return [];
  return list.items.map((node, index): TriggerAt => {
    const kind = KINDS.find(key => entryOf(node, key));
    const kindNode = kind && child(node, kind);
    const what =
      kind === undefined ? '' : `${kind} ${shortText(kind === 'event' ? child(kindNode, 'topic') : kindNode)}`.trim();
    const nameNode = child(node, 'name');
    const name = shortText(nameNode);
    const fallbackSpan = (kind && entryOf(node, kind)?.keySpan) ?? { start: node.span.start, end: node.span.start };
    return {
      agent: agentName,
      index,
      name: name === '' ? what || `trigger ${index + 1}` : name,
      hasName: name !== '',
      detail: name === '' ? '' : what,
      node,
      nameSpan: name === '' || !nameNode ? fallbackSpan : nameNode.span,
    };
  });
}

/** Where something can be started from: each agent, each trigger. */
export interface LensPlaces {
  readonly agents: readonly { readonly name: string; readonly span: Span }[];
  readonly triggers: readonly TriggerAt[];
}

export function lensPlaces(source: ComposeSource): LensPlaces {
  const agents = entriesOf(child(source.root, 'agents'));
  return {
    agents: agents.map(entry => ({ name: entry.key, span: entry.keySpan })),
    triggers: agents.flatMap(entry => triggersOf(entry.value, entry.key)),
  };
}

function entriesOf(node: ComposeNode | undefined): readonly MappingEntry[] {
  return node?.kind === 'mapping' ? node.entries.filter(entry => entry.keyIsScalar) : [];
}
