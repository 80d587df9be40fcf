import type { Field, MappingShape, Shape } from './shape.js';

/** A field and its way from the root: field names, `*` for a key the author chooses, `[]` for an item of a list. */
export interface FieldPlace {
  readonly segments: readonly FieldSegment[];
  readonly field: Field;
  /** Its inside is listed there already. */
  readonly sameAs?: readonly FieldSegment[] | undefined;
}

export type FieldSegment =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'key'; readonly keyName: string; readonly example: string }
  | { readonly kind: 'item' };

/**
 * Every field below the mapping, outer ones first. A mapping that is used in several places is listed at the first, or
 * where `elsewhere` says.
 */
export function listFields(
  root: MappingShape,
  elsewhere: ReadonlyMap<MappingShape, readonly FieldSegment[]> = new Map(),
): readonly FieldPlace[] {
  const found: FieldPlace[] = [];
  const listed = new Map(elsewhere);
  const visitMapping = (shape: MappingShape, segments: readonly FieldSegment[]): void => {
    listed.set(shape, segments);
    for (const [name, field] of Object.entries(shape.fields)) {
      if (field.refused !== undefined) continue;
      const own: readonly FieldSegment[] = [...segments, { kind: 'field', name }];
      const inside = insideOf(field.shape, own);
      const known = inside && listed.get(inside.shape);
      const sameAs = inside && known && fieldPath(known) !== fieldPath(inside.segments) ? known : undefined;
      found.push({ segments: own, field, sameAs });
      if (inside && !sameAs) visitMapping(inside.shape, inside.segments);
    }
  };
  visitMapping(root, []);
  return found;
}

interface Inside {
  readonly shape: MappingShape;
  readonly segments: readonly FieldSegment[];
}

/** The mapping that a value of this shape holds, directly or per key or item. */
function insideOf(shape: Shape, segments: readonly FieldSegment[]): Inside | undefined {
  switch (shape.kind) {
    case 'mapping':
      return Object.keys(shape.fields).length === 0 ? undefined : { shape, segments };
    case 'dictionary':
      return insideOf(shape.value, [...segments, { kind: 'key', keyName: shape.keyName, example: shape.keyExample }]);
    case 'list':
      return insideOf(shape.item, [...segments, { kind: 'item' }]);
    case 'choice':
      if (shape.mapping) return { shape: shape.mapping, segments };
      return shape.list && insideOf(shape.list, segments);
    case 'text':
    case 'bool':
    case 'number':
      return undefined;
  }
}

/** `agents.<agent name>.scheduler.triggers[].cron`. */
export function fieldPath(segments: readonly FieldSegment[]): string {
  return segments.reduce((path, segment) => {
    if (segment.kind === 'item') return `${path}[]`;
    const text = segment.kind === 'key' ? `<${segment.keyName}>` : segment.name;
    return path === '' ? text : `${path}.${text}`;
  }, '');
}

/** The example of a field as a whole file. */
export function exampleFile({ segments, field }: FieldPlace): string {
  const { example } = field;
  if (segments.length === 1 || /^(agents|providers):/m.test(example))
    return example.endsWith('\n') ? example : `${example}\n`;
  let lines = example.trimEnd().split('\n');
  for (const segment of segments.slice(0, -1).toReversed()) {
    if (segment.kind === 'item') lines = lines.map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`));
    else lines = [`${segment.kind === 'key' ? segment.example : segment.name}:`, ...lines.map(line => `  ${line}`)];
  }
  return `${lines.join('\n')}\n`;
}
