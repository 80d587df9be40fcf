import { ownValue } from '../base/ownValue.js';
import type { MappingShape, Shape } from './schema/shape.js';
import type { ComposeNode, MappingEntry } from './source/composeNode.js';

/** An optional field that is left empty (`timezone:`) says nothing, whatever its kind. */
export function isLeftOut(entry: MappingEntry, shape: MappingShape): boolean {
  return isNull(entry.value) && Object.hasOwn(shape.fields, entry.key) && mayBeLeftOut(entry.key, shape);
}

/** What one of several kinds is told by its key alone, and what must be there, is not optional. */
export function mayBeLeftOut(name: string, shape: MappingShape): boolean {
  return ownValue(shape.fields, name)?.required === false && shape.exactlyOne?.names.includes(name) !== true;
}

/** An entry that an author named and left empty (`cache:`) has every default, where everything has one. */
export function isEmptyEntry(value: ComposeNode, shape: Shape): boolean {
  return isNull(value) && mayBeEmptyEntry(shape);
}

export function mayBeEmptyEntry(shape: Shape): boolean {
  return shape.kind === 'mapping' && !shape.exactlyOne && Object.values(shape.fields).every(field => !field.required);
}

/** The tree of a valid file without what is left out, so that nobody else has to know of it. */
export function withoutLeftOut(node: ComposeNode, shape: Shape): ComposeNode {
  if (node.kind === 'mapping' && shape.kind === 'mapping') {
    const entries = node.entries.filter(entry => !isLeftOut(entry, shape));
    return { ...node, entries: entries.map(entry => ({ ...entry, value: fieldValue(entry, shape) })) };
  }
  if (node.kind === 'mapping' && shape.kind === 'dictionary') {
    return { ...node, entries: node.entries.map(entry => ({ ...entry, value: entryValue(entry.value, shape.value) })) };
  }
  if (node.kind === 'sequence' && shape.kind === 'list') {
    return { ...node, items: node.items.map(item => withoutLeftOut(item, shape.item)) };
  }
  const chosen = shape.kind === 'choice' ? (node.kind === 'mapping' ? shape.mapping : shape.list) : undefined;
  return chosen && node.kind !== 'scalar' ? withoutLeftOut(node, chosen) : node;
}

function fieldValue(entry: MappingEntry, shape: MappingShape): ComposeNode {
  const field = Object.hasOwn(shape.fields, entry.key) ? shape.fields[entry.key] : undefined;
  return field ? withoutLeftOut(entry.value, field.shape) : entry.value;
}

function entryValue(value: ComposeNode, shape: Shape): ComposeNode {
  if (isEmptyEntry(value, shape)) return { kind: 'mapping', path: value.path, span: value.span, entries: [] };
  return withoutLeftOut(value, shape);
}

function isNull(node: ComposeNode): boolean {
  return node.kind === 'scalar' && node.isNull;
}
