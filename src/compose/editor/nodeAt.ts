import type { ComposeNode, MappingEntry } from '../source/composeNode.js';
import type { ShapePlace } from './shapeAt.js';
import { step } from './shapeAt.js';
import { project } from '../schema/projectFields.js';

export interface NodeAt {
  readonly on: 'key' | 'value';
  /** The entry whose key or value is meant. */
  readonly entry: MappingEntry;
  readonly node: ComposeNode;
  /** From the root to the node. */
  readonly parents: readonly ComposeNode[];
  readonly place?: ShapePlace | undefined;
}

/** The innermost key or value at the offset. */
export function nodeAt(root: ComposeNode | undefined, offset: number): NodeAt | undefined {
  return root && descend(root, offset, { parents: [], place: { shape: project } });
}

interface Descent {
  readonly parents: readonly ComposeNode[];
  readonly place: ShapePlace | undefined;
  readonly entry?: MappingEntry;
}

function descend(node: ComposeNode, offset: number, descent: Descent): NodeAt | undefined {
  const parents = [...descent.parents, node];
  if (node.kind === 'mapping') {
    for (const entry of node.entries) {
      const place = descent.place && step(descent.place, entry.key);
      if (entry.keySpan.start <= offset && offset <= entry.keySpan.end)
        return { on: 'key', entry, node: entry.value, parents, place };
      if (contains(entry.value, offset)) return descend(entry.value, offset, { parents, place, entry });
    }
    return undefined;
  }
  if (node.kind === 'sequence') {
    const place = descent.place && step(descent.place, '[]');
    for (const item of node.items) {
      if (!contains(item, offset)) continue;
      return descend(item, offset, { ...descent, parents, place });
    }
    return undefined;
  }
  return descent.entry && { on: 'value', entry: descent.entry, node, parents, place: descent.place };
}

function contains(node: ComposeNode, offset: number): boolean {
  return node.span.start <= offset && offset <= node.span.end;
}
