import { ownValue } from '../../../base/ownValue.js';
import { project } from '../../schema/projectFields.js';
import type { ChoiceShape, Era, MappingShape, Shape } from '../../schema/shape.js';
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

/** Nothing for a node that is not what its shape expects: another check says so. */
function visit(node: ComposeNode, shape: Shape, known: ReadonlySet<Era>, found: string[]): void {
  switch (shape.kind) {
    case 'mapping':
      for (const entry of entriesOf(node)) visitEntry(entry, ownValue(shape.fields, entry.key), known, found);
      return;
    case 'dictionary':
      for (const { value } of entriesOf(node)) visit(value, shape.value, known, found);
      return;
    case 'list':
      for (const item of itemsOf(node)) visit(item, shape.item, known, found);
      return;
    case 'choice': {
      const chosen = chosenShape(node, shape);
      if (chosen) visit(node, chosen, known, found);
      return;
    }
    case 'text':
    case 'bool':
    case 'number':
      return;
  }
}

function visitEntry(
  { key, value }: MappingNode['entries'][number],
  field: MappingShape['fields'][string] | undefined,
  known: ReadonlySet<Era>,
  found: string[],
): void {
  if (!field) return;
  if (known.has(field.era) || TRANSLATED.has(key)) visit(value, field.shape, known, found);
  else found.push(value.path);
}

function chosenShape(node: ComposeNode, { mapping, list }: ChoiceShape): Shape | undefined {
  switch (node.kind) {
    case 'mapping':
      return mapping;
    case 'sequence':
      return list;
    default:
      return undefined;
  }
}

function entriesOf(node: ComposeNode): MappingNode['entries'] {
  return node.kind === 'mapping' ? node.entries : [];
}

function itemsOf(node: ComposeNode): readonly ComposeNode[] {
  return node.kind === 'sequence' ? node.items : [];
}
