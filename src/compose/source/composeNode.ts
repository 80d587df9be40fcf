import type { Span } from './textPosition.js';

/**
 * The file as a tree of scalars, mappings and sequences, each with its place and field path.
 * Scalars keep their text: the language gives them a type, not YAML.
 */
export type ComposeNode = ScalarNode | MappingNode | SequenceNode | AliasNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly path: string;
  readonly span: Span;
  readonly text: string;
  /** Written as nothing, `~` or `null` without quotes. */
  readonly isNull: boolean;
  readonly style: 'plain' | 'quoted' | 'block';
}

export interface MappingNode {
  readonly kind: 'mapping';
  readonly path: string;
  readonly span: Span;
  readonly entries: readonly MappingEntry[];
}

export interface MappingEntry {
  readonly key: string;
  /** A key that is itself a mapping or sequence; never a known field. */
  readonly keyIsScalar: boolean;
  readonly keySpan: Span;
  readonly value: ComposeNode;
}

export interface SequenceNode {
  readonly kind: 'sequence';
  readonly path: string;
  readonly span: Span;
  readonly items: readonly ComposeNode[];
}

/** Followed by `followAliases` alone: editors look at what is written. */
export interface AliasNode {
  readonly kind: 'alias';
  readonly path: string;
  readonly span: Span;
  /** What its anchor names, as if it stood at this path; missing when no anchor before it has the name. */
  readonly target?: ((path: string) => ComposeNode) | undefined;
}

/** The value of the first entry with this key. */
export function child(node: ComposeNode | undefined, key: string): ComposeNode | undefined {
  return entryOf(node, key)?.value;
}

export function entryOf(node: ComposeNode | undefined, key: string): MappingEntry | undefined {
  if (node?.kind !== 'mapping') return undefined;
  return node.entries.find(entry => entry.key === key);
}

/** `agents` + `reviewer` → `agents.reviewer`; an empty parent gives the key alone. */
export function joinPath(parent: string, key: string): string {
  return parent === '' ? key : `${parent}.${key}`;
}
