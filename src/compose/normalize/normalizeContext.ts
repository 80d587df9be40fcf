import type { ComposeCode, ComposeSeverity, ProblemList, SpanFix } from '../diagnostic.js';
import { readPositiveDuration } from '../duration.js';
import { nearest } from '../nearest.js';
import type { ComposeNode, MappingEntry } from '../source/composeNode.js';
import { child } from '../source/composeNode.js';
import type { Span } from '../source/textPosition.js';

export interface NormalizeContext {
  /** The file, for fixes that keep its layout. */
  readonly text: string;
  readonly env: (name: string) => string | undefined;
  readonly valuesUnknown?: boolean | undefined;
  readonly directoryName?: string | undefined;
  readonly projectName?: string | undefined;
  /** Variables are `${NAME}` and nothing else. */
  readonly exact?: boolean | undefined;
  readonly problems: ProblemList;
}

export interface Refusal {
  readonly code?: ComposeCode;
  readonly severity?: ComposeSeverity;
  readonly path: string;
  readonly span: Span;
  readonly text: string;
  readonly fix?: SpanFix | undefined;
}

export function refuse(context: NormalizeContext, refusal: Refusal): void {
  context.problems.add({ ...refusal, code: refusal.code ?? 'compose.invalidValue', pass: 'validate' });
}

export interface UndefinedName {
  /** What it is, `agent`. */
  readonly what: string;
  readonly name: string;
  readonly known: Iterable<string>;
  /** Where it is written. */
  readonly node: ComposeNode;
  /** Path to report; that of the node unless given. */
  readonly path?: string;
}

/** A name that nothing in the file defines; proposes the nearest one that is. */
export function refuseUndefined(
  context: NormalizeContext,
  { what, name, known, node, path = node.path }: UndefinedName,
): void {
  const near = nearest(name, known);
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
  // `server/name` and `source:target` go on after the name.
  const isWhole = node.kind === 'scalar' && node.text.trim() === name;
  refuse(context, {
    code: 'compose.undefinedName',
    path,
    span: node.span,
    text: `${what} "${name}" is not defined${hint}`,
    fix:
      near === undefined || !isWhole
        ? undefined
        : { title: `Change to "${near}"`, edits: [{ span: node.span, newText: near }] },
  });
}

/** Trimmed text of a scalar; `undefined` when it is missing, empty or of another kind. */
export function textOf(node: ComposeNode | undefined): string | undefined {
  const text = node?.kind === 'scalar' && !node.isNull ? node.text.trim() : '';
  return text === '' ? undefined : text;
}

export function textAt(node: ComposeNode | undefined, key: string): string | undefined {
  return textOf(child(node, key));
}

/** Text of a scalar as it stands; `undefined` when it is missing or empty. */
export function verbatimAt(node: ComposeNode | undefined, key: string): string | undefined {
  const value = child(node, key);
  return value?.kind === 'scalar' && !value.isNull && value.text !== '' ? value.text : undefined;
}

export function flagAt(node: ComposeNode | undefined, key: string, fallback: boolean): boolean {
  const text = textAt(node, key)?.toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : fallback;
}

export function numberAt(node: ComposeNode | undefined, key: string): number | undefined {
  const text = textAt(node, key);
  const value = text === undefined ? NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** Whole milliseconds: for limits, where a part of one means nothing. */
export function durationAt(node: ComposeNode | undefined, key: string): number | undefined {
  const ms = exactDurationAt(node, key);
  return ms === undefined ? undefined : Math.round(ms);
}

export function exactDurationAt(node: ComposeNode | undefined, key: string): number | undefined {
  const text = textAt(node, key);
  const reading = text === undefined ? undefined : readPositiveDuration(text);
  return reading?.ok === true ? reading.ms : undefined;
}

/** One of the words, whatever its case; the first one is the default. */
export function wordAt<W extends string>(node: ComposeNode | undefined, key: string, words: readonly [W, ...W[]]): W {
  return optionalWordAt(node, key, words) ?? words[0];
}

export function optionalWordAt<W extends string>(
  node: ComposeNode | undefined,
  key: string,
  words: readonly W[],
): W | undefined {
  const text = textAt(node, key)?.toLowerCase();
  return words.find(word => word === text);
}

/** A scalar, or the scalars of a list; empty ones are left out, the rest is trimmed. */
export function textsOf(node: ComposeNode | undefined): readonly string[] {
  if (node?.kind === 'sequence') return node.items.map(textOf).filter(text => text !== undefined);
  const single = textOf(node);
  return single === undefined ? [] : [single];
}

/** The scalars of a list, word by word: arguments keep their spaces and may be empty. */
export function argumentsAt(node: ComposeNode | undefined, key: string): readonly string[] {
  const value = child(node, key);
  if (value?.kind !== 'sequence') return [];
  return value.items.map(item => (item.kind === 'scalar' && !item.isNull ? item.text : ''));
}

/** Entries of a mapping; of two with the same key the first counts. */
export function entriesOf(node: ComposeNode | undefined): readonly MappingEntry[] {
  if (node?.kind !== 'mapping') return [];
  const seen = new Set<string>();
  return node.entries.filter(entry => entry.keyIsScalar && !seen.has(entry.key) && seen.add(entry.key));
}

export function itemsOf(node: ComposeNode | undefined): readonly ComposeNode[] {
  return node?.kind === 'sequence' ? node.items : [];
}

/** By code units, the same everywhere. */
export function byName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => compareText(a.name, b.name));
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `{a: 1}` → `[{name: 'a', value: '1'}]`. */
export function pairsAt(
  node: ComposeNode | undefined,
  key: string,
): readonly { readonly name: string; readonly value: string }[] {
  return byName(entriesOf(child(node, key)).map(entry => ({ name: entry.key, value: rawText(entry.value) })));
}

export function rawText(node: ComposeNode | undefined): string {
  return node?.kind === 'scalar' && !node.isNull ? node.text : '';
}

export function uniqueTexts(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
