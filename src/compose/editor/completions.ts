import { refusedText } from '../schema/checkText.js';
import { builtInProvider, builtInProviders } from '../schema/providerNames.js';
import type { Field, MappingShape, Reference, Shape, ShapeValue, TextShape } from '../schema/shape.js';
import { child } from '../source/composeNode.js';
import type { Span } from '../source/textPosition.js';
import { timezones } from '../schema/commonFields.js';
import type { ComposeSource } from './composeSource.js';
import type { CursorPlace } from './flowPlace.js';
import { cursorPlace } from './cursorPlace.js';
import { fieldDoc } from './fieldDoc.js';
import type { NameKind } from './names.js';
import { namesIn } from './names.js';
import { scriptCompletions, type ScriptProposal } from './scriptHelp.js';
import { mappingOf, shapeAt } from './shapeAt.js';
import { writtenValue } from './writtenValue.js';

export interface Completion {
  readonly label: string;
  readonly kind: 'field' | 'value' | 'reference';
  /** One line. */
  readonly detail: string;
  /** Markdown. */
  readonly documentation: string;
  /** Whole text, with its indentation: it must be inserted without further adjustment. */
  readonly insertText: string;
  /** What the text in front of the cursor is compared with; begins with a quote when that text does. */
  readonly filterText: string;
  /** What it replaces. */
  readonly span: Span;
  readonly deprecated: boolean;
  /** Not acted on yet: behind what is. */
  readonly planned: boolean;
  /** A key whose values are known: they are to be offered at once. */
  readonly opensValues: boolean;
  /** Whether it is offered, and by which word it is found, hangs on what is written: each letter asks again. */
  readonly hangsOnWord: boolean;
}

/** What may be written at the offset, what is used most first. Works on unfinished text. */
export function completions(source: ComposeSource, offset: number): readonly Completion[] {
  const inScript = scriptCompletions(source, offset);
  if (inScript) return inScript.map(scriptCompletion);
  const place = cursorPlace(source.text, offset);
  if (!place) return [];
  const here = shapeAt(place.path);
  if (!here) return [];
  if (place.kind === 'value') {
    const values = unfinished(source, { place, offset, shape: here.shape }, [
      ...valueCompletions(source, place, here.shape, here.field),
      ...aliasCompletions(source, place, offset),
    ]);
    return [...apart(source, place, values), ...fieldsBelow(source, here.shape, place)];
  }
  const fields = mappingOf(here.shape);
  const keys = fields ? [...fieldCompletions(source, fields, place), ...mergeCompletion(source, place, offset)] : [];
  // An item of a list is written where a key could be as well.
  const values = place.path.at(-1) === '[]' ? valueCompletions(source, place, here.shape, here.field) : [];
  return apart(source, place, [...keys, ...unfinished(source, { place, offset, shape: here.shape }, values)]);
}

/** Right behind a colon or the dash of an item YAML would read both as one word. */
function apart({ text }: ComposeSource, { word }: CursorPlace, found: readonly Completion[]): readonly Completion[] {
  const isGlued = /[:-]/.test(text[word.start - 1] ?? '');
  return isGlued ? found.map(each => ({ ...each, insertText: ` ${each.insertText}` })) : found;
}

/**
 * Those that go on with what is written. The editor compares loosely (`* * * * *` is like `*\/10 * * * *` to it) and takes
 * the first with Enter: whoever ends a line whose value is finished must not get another one.
 */
function unfinished(
  { text }: ComposeSource,
  { place, offset, shape }: { readonly place: CursorPlace; readonly offset: number; readonly shape: Shape },
  values: readonly Completion[],
): readonly Completion[] {
  const written = writtenValue(text, place.word, offset);
  if (written === undefined) return [];
  if (written.trim() === '') return values;
  const scalar = scalarOf(shape);
  const fulfilsFormat = scalar?.format !== undefined && refusedText(written, scalar) === undefined;
  if (fulfilsFormat || values.some(({ label }) => label === written)) return [];
  return values.filter(({ label }) => label.toLowerCase().startsWith(written.toLowerCase()));
}

/** What is written of a word that only the language or the file's own names can explain; `undefined` in prose and on empty ground. */
export function decidedWord(source: ComposeSource, offset: number): Span | undefined {
  const place = cursorPlace(source.text, offset);
  const here = place && shapeAt(place.path);
  if (!here || offset <= place.word.start) return undefined;
  const isName = place.kind === 'key' && (here.shape.kind === 'dictionary' || mappingOf(here.shape) !== undefined);
  const isDecided = isName || (here.field !== undefined && hasKnownValues(here.field));
  return isDecided ? place.word : undefined;
}

function scriptCompletion({ name, isGroup, signature, doc, span }: ScriptProposal): Completion {
  const kind = isGroup ? 'field' : 'value';
  return {
    label: name,
    kind,
    detail: signature,
    documentation: doc,
    insertText: name,
    filterText: name,
    span,
    ...ordinary,
  };
}

function fieldCompletions(source: ComposeSource, shape: MappingShape, place: CursorPlace): readonly Completion[] {
  const alternatives = shape.exactlyOne?.names ?? [];
  const isChosen = alternatives.some(name => place.siblings.has(name));
  const written = writtenValue(source.text, place.word, place.word.end)?.toLowerCase() ?? '';
  const found = Object.entries(shape.fields)
    .filter(([name, field]) => !place.siblings.has(name) && field.refused === undefined)
    .filter(([name]) => !isChosen || !alternatives.includes(name))
    .map(([name, field]) => ({ name, field, foundBy: foundBy(name, field, written) }));
  const byName = found.filter(({ name, foundBy: word }) => word === name);
  const byOtherWord = found.filter(({ name, foundBy: word }) => word !== name);
  return [...byName, ...byOtherWord].map(({ name, field, foundBy: word }): Completion => ({
    label: name,
    kind: 'field',
    detail: field.planned ? 'not acted on yet' : field.required ? 'required' : '',
    documentation: fieldDoc(name, field),
    insertText: `${name}:${startOfValue(field.shape, place)}`,
    filterText: filterText(source, place, word),
    span: place.word,
    deprecated: field.spellingOf !== undefined,
    planned: field.planned,
    opensValues: hasKnownValues(field),
    hangsOnWord: field.keywords.length > 0,
  }));
}

/** The word of a field that goes on with what is written: its name, or one by which people look for it. */
function foundBy(name: string, { keywords }: Field, written: string): string {
  if (written === '' || name.startsWith(written)) return name;
  return keywords.find(each => each.startsWith(written)) ?? name;
}

/** Behind a key whose value is a mapping: its fields, each on the next line, where they belong. */
function fieldsBelow(source: ComposeSource, shape: Shape, place: CursorPlace): readonly Completion[] {
  const fields = mappingOf(shape);
  const { word, column } = place;
  const isEmpty = source.text.slice(word.start, word.end).trim() === '';
  if (!fields || place.inFlow || !isEmpty) return [];
  const indent = column + 2;
  const behindColon = word.start - (source.text[word.start - 1] === ' ' ? 1 : 0);
  return fieldCompletions(source, fields, { ...place, column: indent }).map(each => ({
    ...each,
    insertText: `\n${' '.repeat(indent)}${each.insertText}`,
    span: { start: behindColon, end: word.end },
  }));
}

/** Names of anchors above the offset; a name in a comment or text does no harm. */
function anchorsAbove({ text }: ComposeSource, offset: number): readonly string[] {
  const found = text.slice(0, offset).matchAll(/(?:^|[\s:[{,-])&([A-Za-z0-9_-]+)/g);
  return [...new Set(Array.from(found, match => match[1] ?? ''))];
}

function aliasCompletions(source: ComposeSource, place: CursorPlace, offset: number): readonly Completion[] {
  return anchorsAbove(source, offset).map((name): Completion => ({
    label: `*${name}`,
    kind: 'reference',
    detail: 'alias',
    documentation: `What \`&${name}\` has.`,
    insertText: `*${name}`,
    filterText: filterText(source, place, `*${name}`),
    span: place.word,
    ...ordinary,
    hangsOnWord: true,
  }));
}

function mergeCompletion(source: ComposeSource, place: CursorPlace, offset: number): readonly Completion[] {
  const [last] = anchorsAbove(source, offset).toReversed();
  if (last === undefined || place.siblings.has('<<')) return [];
  return [
    {
      label: '<<',
      kind: 'field',
      detail: 'merge',
      documentation: 'The fields of a mapping with an anchor, where this one has none of its own.',
      insertText: `<<: *${last}`,
      filterText: filterText(source, place, '<<'),
      span: place.word,
      ...ordinary,
    },
  ];
}

const ordinary = { deprecated: false, planned: false, opensValues: false, hangsOnWord: false };

/** True where the language, or the file, knows what may be written: a scalar's values, or the fields of a mapping. */
function hasKnownValues({ shape, refersTo }: Field): boolean {
  if (shape.kind === 'bool') return true;
  if (shape.kind === 'mapping') return Object.keys(shape.fields).length > 0;
  const scalar = scalarOf(shape);
  return scalar !== undefined && (refersTo !== undefined || (scalar.values ?? []).length > 0);
}

function scalarOf(shape: Shape): TextShape | undefined {
  return shape.kind === 'text' ? shape : shape.kind === 'choice' ? shape.scalar : undefined;
}

/** Without the closing quote: once that is written, nothing is like it any more. */
function filterText(source: ComposeSource, place: CursorPlace, label: string): string {
  const quote = source.text[place.word.start];
  return quote === '"' || quote === "'" ? `${quote}${label}` : label;
}

function startOfValue(shape: Shape, place: CursorPlace): string {
  if (place.inFlow) return ' ';
  const indent = ' '.repeat(place.column + 2);
  switch (shape.kind) {
    case 'mapping':
      return Object.keys(shape.fields).length === 0 ? ' {}' : `\n${indent}`;
    case 'dictionary':
      return `\n${indent}`;
    case 'list':
      return `\n${indent}- `;
    case 'text':
    case 'bool':
    case 'number':
    case 'choice':
      return ' ';
  }
}

function valueCompletions(
  source: ComposeSource,
  place: CursorPlace,
  shape: Shape,
  field: Field | undefined,
): readonly Completion[] {
  const item = (value: ShapeValue, kind: 'value' | 'reference'): Completion => ({
    label: value.value,
    kind,
    detail: value.planned ? 'not acted on yet' : '',
    documentation: value.doc,
    insertText: asScalar(value.value),
    filterText: filterText(source, place, value.value),
    span: place.word,
    deprecated: value.spellingOf !== undefined,
    planned: value.planned === true,
    opensValues: false,
    hangsOnWord: true,
  });
  if (shape.kind === 'bool')
    return ['true', 'false'].map(value => ({ ...item({ value, doc: '' }, 'value'), insertText: value }));
  const scalar = scalarOf(shape);
  if (!scalar) return [];
  const values = (scalar.values ?? []).map(value => item(value, 'value'));
  const referred = field?.refersTo === undefined ? [] : referenceValues(source, place, field.refersTo);
  const known = new Set(values.map(value => value.label));
  return [...values, ...referred.filter(value => !known.has(value.value)).map(value => item(value, 'reference'))];
}

function referenceValues(source: ComposeSource, place: CursorPlace, refersTo: Reference): readonly ShapeValue[] {
  switch (refersTo) {
    case 'model':
      return models(source, place);
    case 'timezone':
      return timezones;
    case 'capset':
      return defined(source, 'octobusServer').map(name => ({ value: `${name}/`, doc: `A capability set of ${name}.` }));
    case 'agent': {
      const self = place.path[0] === 'agents' ? place.path[1] : undefined;
      return defined(source, 'agent')
        .filter(name => name !== self)
        .map(name => ({ value: name, doc: `The agent ${name}.` }));
    }
    case 'workspace':
    case 'mcpServer':
    case 'volume':
    case 'octobusServer':
    case 'provider':
      return defined(source, refersTo).map(name => ({ value: name, doc: 'Defined in this file.' }));
  }
}

function defined(source: ComposeSource, kind: NameKind): readonly string[] {
  return namesIn(source)
    .filter(name => name.kind === kind && name.role === 'definition')
    .map(name => name.name);
}

/** Models of the agent's provider, then those that other agents use. */
function models(source: ComposeSource, place: CursorPlace): readonly ShapeValue[] {
  const owner =
    place.path[0] === 'agents'
      ? child(child(source.root, 'agents'), place.path[1] ?? '')
      : child(source.root, 'defaults');
  const providerNode = child(owner, 'provider') ?? child(child(source.root, 'defaults'), 'provider');
  const provider = providerNode?.kind === 'scalar' ? providerNode.text : undefined;
  const builtIn = provider === undefined ? undefined : builtInProvider(provider);
  const own = child(child(child(source.root, 'providers'), provider ?? ''), 'models');
  const ownModels = own?.kind === 'sequence' ? own.items.map(item => (item.kind === 'scalar' ? item.text : '')) : [];
  const known = builtIn?.models ?? (provider === undefined ? builtInProviders.flatMap(each => each.models) : ownModels);
  const agents = child(source.root, 'agents');
  const used = agents?.kind === 'mapping' ? agents.entries.map(entry => child(entry.value, 'model')) : [];
  const usedTexts = used
    .map(node => (node?.kind === 'scalar' ? node.text : ''))
    .filter(text => text !== '' && !text.includes('\n'));
  return [...new Set([...known, ...usedTexts])]
    .filter(value => value !== '')
    .map(value => ({ value, doc: 'Model name.' }));
}

/** The text as YAML: quoted where it would mean something else, also to readers that know dates, times and `yes`. */
function asScalar(text: string): string {
  const isWord = /^[\w./][\w./+*:@-]*(?: +[\w./+*@-]+)*$/.test(text) && !/:(?:\s|$)/.test(text);
  const isOther =
    /^(?:true|false|null|yes|no|y|n|on|off|\.nan)$/i.test(text) || /^[-+.]?(?:\d[\w.:+-]*|\.inf)$/i.test(text);
  return isWord && !isOther ? text : JSON.stringify(text);
}
