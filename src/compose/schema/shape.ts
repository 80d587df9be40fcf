/**
 * What a value may look like. One table of fields, made of these shapes, drives the parser, the JSON Schema, the
 * reference page, completion and hover.
 */
export type Shape = TextShape | BoolShape | NumberShape | MappingShape | DictionaryShape | ListShape | ChoiceShape;

/** Any scalar, kept as text. */
export interface TextShape {
  readonly kind: 'text';
  readonly values?: readonly ShapeValue[] | undefined;
  /** `values` are the only ones allowed, in any case; otherwise they are proposals. */
  readonly closed: boolean;
  readonly pattern?: string | undefined;
  readonly format?: TextFormat | undefined;
  /** An empty value is refused. */
  readonly nonEmpty: boolean;
  /** Words for an empty or missing value. */
  readonly emptyText?: string | undefined;
  /** Words for any other refused value; `%s` is the value. */
  readonly refusedText?: string | undefined;
}

/** A duration above zero, a cron expression with five fields, or a size in bytes with its unit. */
export type TextFormat = 'positiveDuration' | 'cron' | 'size';

export interface ShapeValue {
  readonly value: string;
  readonly doc: string;
  /** Understood and kept, but this version does not act on it. */
  readonly planned?: boolean | undefined;
  /** An older word for another value. */
  readonly spellingOf?: string | undefined;
}

export interface BoolShape {
  readonly kind: 'bool';
}

export interface NumberShape {
  readonly kind: 'number';
  readonly integer: boolean;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export interface MappingShape {
  readonly kind: 'mapping';
  readonly fields: Fields;
  /** Exactly one of these fields must be there, whatever its value. */
  readonly exactlyOne?: ExactlyOne | undefined;
  /** Without any field it means that nothing was written. */
  readonly mayBeEmpty: boolean;
}

export interface ExactlyOne {
  readonly names: readonly string[];
  readonly text: string;
}

export type Fields = Readonly<Record<string, Field>>;

/** A mapping whose keys the author chooses. */
export interface DictionaryShape {
  readonly kind: 'dictionary';
  /** What a key is called in the reference, `agent name`. */
  readonly keyName: string;
  readonly keyPattern?: string | undefined;
  /** A key for examples. */
  readonly keyExample: string;
  readonly value: Shape;
}

export interface ListShape {
  readonly kind: 'list';
  readonly item: Shape;
  readonly max?: number | undefined;
}

/** One shape per YAML kind. */
export interface ChoiceShape {
  readonly kind: 'choice';
  readonly scalar?: TextShape | undefined;
  readonly mapping?: MappingShape | undefined;
  readonly list?: ListShape | undefined;
}

/** Which dialects know a field: both of agent-compose, only its older (`seed`) or newer one (`head`), or ours alone. */
export type Era = 'both' | 'seed' | 'head' | 'muster';

/** What a text names: things of the same file, and for completion also models, time zones and sets of capabilities. */
export type Reference =
  'agent' | 'workspace' | 'mcpServer' | 'volume' | 'octobusServer' | 'provider' | 'model' | 'timezone' | 'capset';

export interface Field {
  readonly shape: Shape;
  /** Markdown, one to three sentences. */
  readonly doc: string;
  /** YAML: the body of the mapping that holds the field, or (with a line `agents:` or `providers:`) a whole file; see `exampleFile`. */
  readonly example: string;
  /** What holds when the field is left out, in words or as a value. */
  readonly fallback?: string | undefined;
  readonly required: boolean;
  readonly era: Era;
  /** Understood and kept, but this version does not act on it. */
  readonly planned: boolean;
  /** Part of the language only to be refused by name. */
  readonly refused?: string | undefined;
  /** `${NAME}` is replaced here. */
  readonly interpolated: boolean;
  /** An older spelling; the value belongs into this field. */
  readonly spellingOf?: string | undefined;
  readonly refersTo?: Reference | undefined;
  /** Other words by which people look for it; completion finds it by them, and a problem names it. */
  readonly keywords: readonly string[];
}

export interface FieldOptions {
  readonly fallback?: string;
  readonly required?: boolean;
  readonly era?: Era;
  readonly planned?: boolean;
  readonly interpolated?: boolean;
  readonly spellingOf?: string;
  readonly refersTo?: Reference;
  readonly refused?: string;
  readonly keywords?: readonly string[];
}

export function field(shape: Shape, doc: string, example: string, options: FieldOptions = {}): Field {
  return {
    shape,
    doc,
    example,
    fallback: options.fallback,
    required: options.required ?? false,
    era: options.era ?? 'both',
    planned: options.planned ?? false,
    interpolated: options.interpolated ?? false,
    spellingOf: options.spellingOf,
    refersTo: options.refersTo,
    refused: options.refused,
    keywords: options.keywords ?? [],
  };
}

export interface TextOptions {
  readonly pattern?: string;
  readonly format?: TextFormat;
  readonly nonEmpty?: boolean;
  readonly emptyText?: string;
  readonly refusedText?: string;
  readonly proposals?: readonly ShapeValue[];
}

export function text(options: TextOptions = {}): TextShape {
  return {
    kind: 'text',
    values: options.proposals,
    closed: false,
    pattern: options.pattern,
    format: options.format,
    nonEmpty: options.nonEmpty ?? false,
    emptyText: options.emptyText,
    refusedText: options.refusedText,
  };
}

/** One of these words, in any case. */
export function oneOf(values: readonly ShapeValue[]): TextShape {
  return { kind: 'text', values, closed: true, nonEmpty: true };
}

export const bool: BoolShape = { kind: 'bool' };

export function integer(min: number, max?: number): NumberShape {
  return { kind: 'number', integer: true, min, max };
}

export function decimal(min: number): NumberShape {
  return { kind: 'number', integer: false, min };
}

export function mapping(
  fields: Fields,
  options: { readonly exactlyOne?: ExactlyOne; readonly mayBeEmpty?: boolean } = {},
): MappingShape {
  return { kind: 'mapping', fields, exactlyOne: options.exactlyOne, mayBeEmpty: options.mayBeEmpty ?? false };
}

export function dictionary(
  keyName: string,
  keyExample: string,
  value: Shape,
  options: { readonly keyPattern?: string } = {},
): DictionaryShape {
  return { kind: 'dictionary', keyName, keyExample, keyPattern: options.keyPattern, value };
}

/** One scalar or a list of them. */
export function oneOrMore(item: TextShape): ChoiceShape {
  return { kind: 'choice', scalar: item, list: list(item) };
}

export function list(item: Shape, options: { readonly max?: number } = {}): ListShape {
  return { kind: 'list', item, max: options.max };
}

/** Agent names and the keys of workspaces, servers and volumes. */
export const IDENTIFIER = '^[a-z][a-z0-9_-]*$';
/** Project names; the looser of the two eras. */
export const PROJECT_NAME = '^[a-z0-9][a-z0-9_-]*$';
