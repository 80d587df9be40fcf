import { agent } from '../schema/agentFields.js';
import { project } from '../schema/projectFields.js';
import type { FieldPlace, FieldSegment } from '../schema/listFields.js';
import { exampleFile, fieldPath, listFields } from '../schema/listFields.js';
import type { ChoiceShape, Era, Field, NumberShape, Shape, TextShape } from '../schema/shape.js';

const AGENT_SEGMENTS: readonly FieldSegment[] = [
  { kind: 'field', name: 'agents' },
  { kind: 'key', keyName: 'agent name', example: 'dev' },
];

/** `defaults` takes the fields of an agent; they are listed once, there. */
export function documentedFields(): readonly FieldPlace[] {
  return listFields(project, new Map([[agent, AGENT_SEGMENTS]]));
}

const ERA_NOTES: Readonly<Record<Era, string>> = {
  both: 'agent-compose',
  seed: 'agent-compose, older files',
  head: 'agent-compose, newer files',
  muster: 'Muster',
};

/** The field reference as Markdown: a section per mapping, an entry with an example per field. */
export function composeReference(): string {
  const sections = new Map<string, FieldPlace[]>();
  for (const place of documentedFields()) {
    const parent = fieldPath(place.segments.slice(0, -1));
    const section = sections.get(parent);
    if (section) section.push(place);
    else sections.set(parent, [place]);
  }
  return [...sections].map(([parent, places]) => sectionText(parent, places)).join('\n');
}

function sectionText(parent: string, places: readonly FieldPlace[]): string {
  const title = parent === '' ? 'Top level' : `\`${parent}\``;
  const rows = places.map(({ segments, field }) => {
    const name = nameOf(segments);
    return `| [\`${name}\`](#${anchorOf(segments)}) | ${shapeText(field.shape)} | ${fallbackText(field)} |`;
  });
  const table = ['| Field | Value | Left out |', '| --- | --- | --- |', ...rows].join('\n');
  return `## ${title}\n\n${table}\n\n${places.map(fieldText).join('\n')}`;
}

function fieldText(place: FieldPlace): string {
  const { segments, field } = place;
  const lines = [`<a id="${anchorOf(segments)}"></a>`, '', `### \`${fieldPath(segments)}\``, '', field.doc];
  const { shape } = field;
  const values = shape.kind === 'text' ? (shape.values ?? []) : [];
  if (values.length > 0) {
    lines.push(
      '',
      ...values.map(value => `- \`${value.value}\`: ${value.doc}${value.planned ? ' *(not acted on yet)*' : ''}`),
    );
  }
  const notes = [`From: ${ERA_NOTES[field.era]}.`];
  if (place.sameAs) notes.push(`Its fields are those of \`${fieldPath(place.sameAs)}\`.`);
  if (field.interpolated) notes.push('`${NAME}` is replaced here.');
  if (field.planned) notes.push('**Accepted and kept, but this version does not act on it yet.**');
  return `${[...lines, '', notes.join(' '), '', '```yaml', exampleFile(place).trimEnd(), '```'].join('\n')}\n`;
}

function nameOf(segments: readonly FieldSegment[]): string {
  const last = segments.at(-1);
  return last?.kind === 'field' ? last.name : '';
}

function anchorOf(segments: readonly FieldSegment[]): string {
  const words = segments.map(segment =>
    segment.kind === 'field' ? segment.name : segment.kind === 'key' ? 'name' : 'item',
  );
  return words.join('-');
}

function fallbackText(field: Field): string {
  if (field.required) return '**required**';
  return escapeCell(field.fallback ?? '–');
}

/** What a value may be, in words. */
export function shapeText(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return scalarText(shape);
    case 'bool':
      return '`true` or `false`';
    case 'number':
      return numberText(shape);
    case 'mapping':
      return Object.keys(shape.fields).length === 0 ? '`{}`' : 'mapping';
    case 'dictionary':
      return `mapping: ${shape.keyName} → ${shapeText(shape.value)}`;
    case 'list':
      return `list of ${shapeText(shape.item)}`;
    case 'choice':
      return choiceText(shape);
  }
}

function choiceText(shape: ChoiceShape): string {
  const options = [shape.scalar, shape.mapping, shape.list].filter(option => option !== undefined);
  return options.map(shapeText).join(', or ');
}

function scalarText(shape: TextShape): string {
  if (shape.closed) return (shape.values ?? []).map(value => `\`${value.value}\``).join(', ');
  switch (shape.format) {
    case 'positiveDuration':
      return 'duration, `90s` or `1h30m`';
    case 'cron':
      return 'cron expression';
    case 'size':
      return 'size, `512m` or `4g`';
    case undefined:
      return 'text';
  }
}

function numberText({ integer, min, max }: NumberShape): string {
  const what = integer ? 'whole number' : 'number';
  if (max !== undefined) return `${what}, ${min ?? ''} to ${max}`;
  return min === undefined ? what : `${what}, ${min} or more`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', String.raw`\|`);
}
