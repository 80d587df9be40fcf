import { fieldPath, type FieldSegment } from './schema/listFields.js';
import type { Field, MappingShape, Shape } from './schema/shape.js';

/** Where a name that a mapping does not know is at home. */
export interface FieldHome {
  /** What it is called there. */
  readonly name: string;
  /** The mapping that has it, from where the name was written: `agents.<agent name>.scheduler`; empty for the same one. */
  readonly under: string;
}

interface Candidate {
  readonly field: Field;
  readonly home: FieldHome;
}

type Matches = (name: string, field: Field) => boolean;

/** Where a field of this name is below the mapping, or one that is looked for by it; `undefined` where several could be meant. */
export function placeOfField(name: string, shape: MappingShape): FieldHome | undefined {
  const isCalled: Matches = each => each === name;
  const isLookedFor: Matches = (_, { keywords }) => keywords.includes(name);
  return find(shape, isCalled) ?? find(shape, isLookedFor);
}

interface Level {
  readonly shape: MappingShape;
  readonly segments: readonly FieldSegment[];
}

/** The agents of a file before everything else in it: most of what people write is about them. */
function find(shape: MappingShape, matches: Matches): FieldHome | undefined {
  const { agents } = shape.fields;
  const inAgents = agents && nearestIn(inside(agents.shape, [{ kind: 'field', name: 'agents' }]), matches);
  return inAgents ?? nearestIn([{ shape, segments: [] }], matches);
}

/** Level by level; what contains itself is looked at once. */
function nearestIn(start: readonly Level[], matches: Matches): FieldHome | undefined {
  const seen = new Set<MappingShape>();
  for (let levels = start; levels.length > 0; levels = levels.flatMap(below)) {
    levels = levels.filter(level => !seen.has(level.shape));
    for (const level of levels) seen.add(level.shape);
    const found = levels.flatMap(level => candidates(level, matches));
    const [first] = found;
    if (first) return found.every(({ field }) => field === first.field) ? first.home : undefined;
  }
  return undefined;
}

function candidates({ shape, segments }: Level, matches: Matches): readonly Candidate[] {
  return Object.entries(shape.fields)
    .filter(([name, field]) => field.refused === undefined && field.spellingOf === undefined && matches(name, field))
    .map(([name, field]) => ({ field, home: { name, under: fieldPath(segments) } }));
}

function below({ shape, segments }: Level): readonly Level[] {
  return Object.entries(shape.fields).flatMap(([name, field]) =>
    field.refused === undefined ? inside(field.shape, [...segments, { kind: 'field', name }]) : [],
  );
}

/** The mappings that a value of this shape has its fields in. */
function inside(shape: Shape, segments: readonly FieldSegment[]): readonly Level[] {
  switch (shape.kind) {
    case 'mapping':
      return [{ shape, segments }];
    case 'dictionary':
      return inside(shape.value, [...segments, { kind: 'key', keyName: shape.keyName, example: shape.keyExample }]);
    case 'list':
      return inside(shape.item, [...segments, { kind: 'item' }]);
    case 'choice':
      return [shape.mapping, shape.list].flatMap(each => (each ? inside(each, segments) : []));
    case 'text':
    case 'bool':
    case 'number':
      return [];
  }
}
