import { project } from '../../schema/projectFields.js';
import type { Era, Shape } from '../../schema/shape.js';
import type { ComposeNode, MappingNode } from '../../source/composeNode.js';

/** What is said in the words of the other era, so nothing is lost: workspaces, their fields, and where variables come from. */
const TRANSLATED = new Set([
  'env_file',
  'workspace',
  'workspaces',
  'network',
  'ref',
  'branch',
  'target',
  'defaults',
  'process',
]);

/** Paths of the outermost fields of a file that an era of agent-compose does not know. */
export function fieldsBeyond(root: MappingNode, era: 'head' | 'seed'): readonly string[] {
  const found: string[] = [];
  visit(root, project, new Set<Era>(['both', era]), found);
  return found;
}

function visit(node: ComposeNode, shape: Shape, known: ReadonlySet<Era>, found: string[]): void {
  switch (shape.kind) {
    case 'mapping':
      if (node.kind !== 'mapping') return;
      for (const entry of node.entries) {
        const field = Object.hasOwn(shape.fields, entry.key) ? shape.fields[entry.key] : undefined;
        if (!field) continue;
        if (known.has(field.era) || TRANSLATED.has(entry.key)) visit(entry.value, field.shape, known, found);
        else found.push(entry.value.path);
      }
      return;
    case 'dictionary':
      if (node.kind !== 'mapping') return;
      for (const entry of node.entries) visit(entry.value, shape.value, known, found);
      return;
    case 'list':
      if (node.kind !== 'sequence') return;
      for (const item of node.items) visit(item, shape.item, known, found);
      return;
    case 'choice': {
      const chosen = node.kind === 'mapping' ? shape.mapping : node.kind === 'sequence' ? shape.list : undefined;
      if (chosen) visit(node, chosen, known, found);
      return;
    }
    case 'text':
    case 'bool':
    case 'number':
      return;
  }
}
