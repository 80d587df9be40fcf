import type { SpanFix } from '../diagnostic.js';
import type { ComposeNode, MappingEntry, MappingNode } from './composeNode.js';

/** Removes an entry of a block mapping with its lines; flow mappings are left to the author. */
export function removeEntryFix(
  text: string,
  node: MappingNode,
  entry: MappingEntry,
  title: string,
): SpanFix | undefined {
  if (text[node.span.start] === '{') return undefined;
  const lineStart = text.lastIndexOf('\n', entry.keySpan.start - 1) + 1;
  const before = text.slice(lineStart, entry.keySpan.start);
  // `- key: value`: taking the line away would take the list item with it.
  if (before.trim() !== '') return undefined;
  const end = Math.max(entry.value.span.end, entry.keySpan.end);
  const ended = end > 0 && text[end - 1] === '\n';
  const newline = ended ? end - 1 : text.indexOf('\n', end);
  return { title, edits: [{ span: { start: lineStart, end: newline < 0 ? text.length : newline + 1 }, newText: '' }] };
}

/** Adds `name: value` as the first field, at the indentation of the fields that are there. */
export function appendFieldFix(
  text: string,
  node: MappingNode,
  { name, value }: { readonly name: string; readonly value: string },
): SpanFix | undefined {
  const first = node.entries[0];
  const title = `Add "${name}"`;
  if (text[node.span.start] === '{') {
    const after = node.span.start + 1;
    const written = `${name}: ${value === '' ? '""' : value}`;
    return { title, edits: [{ span: { start: after, end: after }, newText: first ? `${written}, ` : written }] };
  }
  if (!first) return undefined;
  const start = first.keySpan.start;
  const column = start - (text.lastIndexOf('\n', start - 1) + 1);
  return { title, edits: [{ span: { start, end: start }, newText: `${name}: ${value}\n${' '.repeat(column)}` }] };
}

/** `docker:` with nothing after it → `docker: {}`. */
export function emptyValueFix(node: ComposeNode, expected: string): SpanFix | undefined {
  if (node.kind !== 'scalar' || !node.isNull) return undefined;
  const empty = expected === 'expected mapping' ? '{}' : expected === 'expected sequence' ? '[]' : undefined;
  if (empty === undefined) return undefined;
  const newText = node.span.end > node.span.start ? empty : ` ${empty}`;
  return { title: `Write ${empty}`, edits: [{ span: node.span, newText }] };
}
