import { BYTE_SIZE_PATTERN } from '../byteSize.js';
import { POSITIVE_DURATION_PATTERN } from '../duration.js';
import { mayBeEmptyEntry, mayBeLeftOut } from '../leftOut.js';
import { agent } from '../schema/agentFields.js';
import { refusedText } from '../schema/checkText.js';
import { envValue } from '../schema/commonFields.js';
import { project } from '../schema/projectFields.js';
import type { ChoiceShape, Field, MappingShape, NumberShape, Shape, TextShape } from '../schema/shape.js';

type JsonSchemaValue =
  string | number | boolean | null | readonly JsonSchemaValue[] | { readonly [key: string]: JsonSchemaValue };
export type JsonSchema = { readonly [key: string]: JsonSchemaValue };

/** Rough: five or six fields, or a nickname. The parser knows more. */
const CRON_PATTERN = String.raw`^\s*((CRON_)?TZ=\S+\s+)?(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every\s+\S+|([^\s@]+\s+){4,5}[^\s@]+)\s*$`;

/** Shapes that are used in several places. */
const SHARED: ReadonlyMap<Shape, string> = new Map<Shape, string>([
  [agent, 'agent'],
  [envValue, 'variable'],
]);

/** A JSON Schema (draft-07) of the language. It accepts what the parser accepts, and refuses what can be seen in one value. */
export function composeJsonSchema(): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  for (const [shape, name] of SHARED) definitions[name] = body(shape);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'agent-compose.yml',
    description: 'A crew of coding agents.',
    ...body(project),
    definitions,
  };
}

function schemaOf(shape: Shape): JsonSchema {
  const name = SHARED.get(shape);
  return name === undefined ? body(shape) : { $ref: `#/definitions/${name}` };
}

function body(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case 'text':
      return textSchema(shape);
    case 'bool':
      return { type: 'boolean' };
    case 'number':
      return numberSchema(shape);
    case 'mapping':
      return mappingSchema(shape);
    case 'dictionary':
      return {
        type: 'object',
        propertyNames: shape.keyPattern === undefined ? { minLength: 1 } : { pattern: shape.keyPattern },
        additionalProperties: mayBeEmptyEntry(shape.value) ? orNull(schemaOf(shape.value)) : schemaOf(shape.value),
      };
    case 'list':
      return {
        type: 'array',
        // How many there may be, JSON Schema cannot say: repeated and empty ones do not count.
        items: schemaOf(shape.item),
      };
    case 'choice':
      return choiceSchema(shape);
  }
}

function choiceSchema(shape: ChoiceShape): JsonSchema {
  return { anyOf: [shape.scalar, shape.mapping, shape.list].filter(option => option !== undefined).map(schemaOf) };
}

function numberSchema(shape: NumberShape): JsonSchema {
  return {
    type: shape.integer ? 'integer' : 'number',
    ...(shape.min === undefined ? {} : { minimum: shape.min }),
    ...(shape.max === undefined ? {} : { maximum: shape.max }),
  };
}

function mappingSchema(shape: MappingShape): JsonSchema {
  const fields = Object.entries(shape.fields).filter(([, field]) => field.refused === undefined);
  const required = fields.filter(([, field]) => field.required).map(([name]) => name);
  const one = shape.exactlyOne?.names.filter(name => fields.some(([key]) => key === name));
  return {
    type: 'object',
    properties: Object.fromEntries(
      fields.map(([name, field]) => [name, fieldSchema(field, { isOptional: mayBeLeftOut(name, shape) })]),
    ),
    ...(required.length === 0 || shape.mayBeEmpty ? {} : { required }),
    ...(one === undefined ? {} : { oneOf: one.map(name => ({ required: [name] })) }),
    // Authors' own fields, and YAML's merge key for tools that leave it in the tree.
    patternProperties: { '^x-': {}, '^<<$': {} },
    additionalProperties: false,
  };
}

function fieldSchema(field: Field, { isOptional }: { readonly isOptional: boolean }): JsonSchema {
  const note = field.planned ? ' Accepted and kept; this version does not act on it yet.' : '';
  const described = {
    description: `${field.doc}${note}`,
    ...(field.spellingOf === undefined ? {} : { deprecated: true }),
  };
  const schema = isOptional ? orNull(schemaOf(field.shape)) : schemaOf(field.shape);
  // Beside `$ref` everything else is ignored in draft-07.
  return '$ref' in schema ? { ...described, allOf: [schema] } : { ...described, ...schema };
}

/** What is left empty says nothing. */
function orNull(schema: JsonSchema): JsonSchema {
  const { type, anyOf } = schema;
  if (typeof type === 'string' && !('enum' in schema) && !('oneOf' in schema))
    return { ...schema, type: [type, 'null'] };
  if (!Array.isArray(anyOf)) return { anyOf: [schema, { type: 'null' }] };
  const options: readonly JsonSchema[] = anyOf;
  return options.some(option => option['type'] === 'null') ? schema : { anyOf: [...options, { type: 'null' }] };
}

function textSchema(shape: TextShape): JsonSchema {
  if (shape.closed) return closedSchema(shape);
  const pattern = patternOf(shape);
  const text: Record<string, JsonSchemaValue> = { type: 'string' };
  if (pattern !== undefined) text['pattern'] = pattern;
  if (shape.values !== undefined) text['examples'] = shape.values.map(value => value.value);
  // Scalars that YAML does not read as text are text to the language.
  const others: JsonSchema[] = [];
  if (accepts('true', shape)) others.push({ type: 'boolean' });
  if (accepts('12', shape)) others.push(accepts('-1.5', shape) ? { type: 'number' } : { type: 'integer', minimum: 0 });
  if (accepts('', shape)) others.push({ type: 'null' });
  return others.length === 0 ? text : { anyOf: [text, ...others] };
}

function accepts(text: string, shape: TextShape): boolean {
  return refusedText(text, shape) === undefined;
}

function patternOf(shape: TextShape): string | undefined {
  if (shape.pattern !== undefined) return shape.pattern;
  switch (shape.format) {
    case 'positiveDuration':
      return POSITIVE_DURATION_PATTERN;
    case 'cron':
      return CRON_PATTERN;
    case 'size':
      return BYTE_SIZE_PATTERN;
    case undefined:
      return shape.nonEmpty ? String.raw`\S` : undefined;
  }
}

function closedSchema(shape: TextShape): JsonSchema {
  const values = (shape.values ?? []).map(value => value.value);
  const anyCase = values.map(value => value.replace(/[a-z]/g, letter => `[${letter.toUpperCase()}${letter}]`));
  return {
    anyOf: [
      { type: 'string', enum: values },
      { type: 'string', pattern: `^(${anyCase.join('|')})$` },
    ],
  };
}
