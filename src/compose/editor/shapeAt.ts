import { project } from '../schema/projectFields.js';
import type { Field, MappingShape, Shape } from '../schema/shape.js';

export interface ShapePlace {
  readonly shape: Shape;
  /** The nearest field on the way: the one whose value is meant. */
  readonly field?: Field | undefined;
}

/** The shape at a path of field names, keys and `[]`. */
export function shapeAt(path: readonly string[]): ShapePlace | undefined {
  let place: ShapePlace = { shape: project };
  for (const segment of path) {
    const next = step(place, segment);
    if (!next) return undefined;
    place = next;
  }
  return place;
}

export function step({ shape, field }: ShapePlace, segment: string): ShapePlace | undefined {
  switch (shape.kind) {
    case 'mapping':
      return intoField(shape, segment);
    case 'dictionary':
      return segment === '[]' ? undefined : { shape: shape.value, field };
    case 'list':
      return segment === '[]' ? { shape: shape.item, field } : undefined;
    case 'choice':
      if (segment === '[]') return shape.list && { shape: shape.list.item, field };
      return shape.mapping && intoField(shape.mapping, segment);
    case 'text':
    case 'bool':
    case 'number':
      return undefined;
  }
}

function intoField(shape: MappingShape, name: string): ShapePlace | undefined {
  const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
  return field && { shape: field.shape, field };
}

/** The fields that may be written at this place. */
export function mappingOf(shape: Shape): MappingShape | undefined {
  if (shape.kind === 'mapping') return shape;
  return shape.kind === 'choice' ? shape.mapping : undefined;
}
