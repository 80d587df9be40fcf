import { describe, expect, it } from 'vitest';
import { completions } from '../../../../src/compose/editor/completions.js';
import { readSource } from '../../../../src/compose/editor/composeSource.js';
import { project } from '../../../../src/compose/schema/projectFields.js';
import type { Field, Shape } from '../../../../src/compose/schema/shape.js';
import { read } from '../readCompose.js';

/** A place in the file whose values the language knows. */
interface Place {
  /** Keys, and `[]` for an item of a list. */
  readonly path: readonly string[];
  readonly values: readonly string[];
}

/** Shapes that contain themselves are walked once. */
function placesIn(shape: Shape, path: readonly string[], within: readonly Shape[] = []): readonly Place[] {
  if (within.includes(shape)) return [];
  const inside = [...within, shape];
  switch (shape.kind) {
    case 'bool':
      return [{ path, values: ['true', 'false'] }];
    case 'text':
      return shape.values === undefined || shape.values.length === 0
        ? []
        : [{ path, values: shape.values.map(({ value }) => value) }];
    case 'mapping':
      return Object.entries<Field>(shape.fields)
        .filter(([, { refused }]) => refused === undefined)
        .flatMap(([name, field]) => placesIn(field.shape, [...path, name], inside));
    case 'dictionary':
      return placesIn(shape.value, [...path, shape.keyExample], inside);
    case 'list':
      return placesIn(shape.item, [...path, '[]'], inside);
    case 'choice':
      return [shape.scalar, shape.mapping, shape.list].flatMap(each => (each ? placesIn(each, path, inside) : []));
    case 'number':
      return [];
  }
}

/** Every place where something is written, whatever is known about it. */
function allPlaces(
  shape: Shape,
  path: readonly string[],
  within: readonly Shape[] = [],
): readonly (readonly string[])[] {
  if (within.includes(shape)) return [];
  const inside = [...within, shape];
  const own = path.length === 0 ? [] : [path];
  switch (shape.kind) {
    case 'mapping':
      return Object.entries<Field>(shape.fields)
        .filter(([, { refused }]) => refused === undefined)
        .reduce((found, [name, field]) => [...found, ...allPlaces(field.shape, [...path, name], inside)], own);
    case 'dictionary':
      return [...own, ...allPlaces(shape.value, [...path, shape.keyExample], inside)];
    case 'list':
      return [...own, ...allPlaces(shape.item, [...path, '[]'], inside)];
    case 'choice':
      return [shape.scalar, shape.mapping, shape.list].flatMap(each => (each ? allPlaces(each, path, inside) : []));
    case 'text':
    case 'bool':
    case 'number':
      return own;
  }
}

/** A file that ends where a value of the place is to be written. */
function fileUpTo(path: readonly string[]): string {
  let text = '';
  let indent = 0;
  let inItem = false;
  for (const [index, segment] of path.entries()) {
    const last = index === path.length - 1;
    const lead = inItem ? '' : ' '.repeat(indent);
    if (segment === '[]') {
      text += `${lead}- `;
      inItem = true;
    } else {
      text += `${lead}${segment}:${last ? ' ' : '\n'}`;
      inItem = false;
    }
    indent += 2;
  }
  return text;
}

/** The same as a mapping in a line, with `|` where the value is to be written. */
function inOneLine([first = '', ...path]: readonly string[]): string {
  let text = `${first}: `;
  const closing: string[] = [];
  for (const segment of path) {
    text += segment === '[]' ? '[' : `{${segment}: `;
    closing.unshift(segment === '[]' ? ']' : '}');
  }
  return `${text}|${closing.join('')}`;
}

function offered(text: string, offset = text.length): readonly string[] {
  return completions(readSource(text), offset).map(({ label }) => label);
}

/** The texts that come of each offer at `|`. */
function accepted(marked: string): readonly string[] {
  const text = marked.replace('|', '');
  return completions(readSource(text), marked.indexOf('|')).map(
    ({ span, insertText }) => text.slice(0, span.start) + insertText + text.slice(span.end),
  );
}

describe('wherever the language knows what may be written', () => {
  const places = placesIn(project, []);

  it('there are such places', () => {
    expect(places.length).toBeGreaterThan(40);
    expect(places.map(({ path }) => path.join('.'))).toContain('providers.mine.input');
  });

  it.each(places.map(place => [place.path.join('.'), place] as const))('%s offers it', (_, { path, values }) => {
    const block = fileUpTo(path);
    const flow = inOneLine(path);
    const [first = ''] = values;
    const marked: Readonly<Record<string, string>> = {
      'at the end of the file': `${block}|`,
      'right behind the colon': `${block.trimEnd()}|`,
      'in front of a comment': `${block}| # why`,
      'between quotes': `${block}"|"`,
      'above other lines': `${block}|\nname: x\nagents:\n  other:\n    provider: demo\n`,
      'with Windows line ends': `${block}|`.replaceAll('\n', '\r\n'),
      'in one line': flow,
      'in a line that is not closed': flow.slice(0, flow.indexOf('|') + 1),
    };
    const missing = Object.entries(marked).filter(([, text]) => {
      const found = offered(text.replace('|', ''), text.indexOf('|'));
      return !values.every(value => found.includes(value));
    });
    expect(missing).toEqual([]);
    const begun = offered(`${block}${first.slice(0, 1)}`);
    expect(begun).toContain(first);
    expect(begun.every(each => each.toLowerCase().startsWith(first.slice(0, 1)))).toBe(true);
    expect(offered(`${block}${first}`), 'where one is written').toEqual([]);
  });

  const everywhere = new Map(allPlaces(project, []).map(path => [path.join('.'), path]));

  it('places are found for every kind of value', () => {
    for (const each of ['agents.dev.scheduler.enabled', 'agents.dev.concurrency', 'agents.dev.handoff.on_response.[]'])
      expect([...everywhere.keys()]).toContain(each);
  });

  it.each([...everywhere])('%s takes everything that is offered for it', (_, path) => {
    const names = 'agents:\n  yes: {}\n  other: {model: "1.5"}\n';
    const block = path[0] === 'agents' ? names + fileUpTo(path).replace('agents:\n', '') : fileUpTo(path);
    const flow = inOneLine(path);
    const marked = [`${block}|`, `${block}"|"`, `${block}|`.replace(/ \|$/, '|'), flow, flow.replace('|', "'|'")];
    const wrong = marked.flatMap(each =>
      accepted(each).flatMap(text =>
        read(text)
          .diagnostics.filter(({ code, detail }) => code === 'compose.syntax' || detail.startsWith('expected'))
          // A key that was just taken still waits for its fields.
          .filter(({ detail }) => !/[:-]\s*$/.test(text) || detail !== 'expected mapping, got scalar')
          .map(({ detail }) => `${detail} in ${text}`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it.each(['providers.mine.output', 'agents.dev.workspace', 'merge'])(
    '%s offers its fields, each on a line of its own',
    path => {
      const text = fileUpTo(path.split('.'));
      const field = completions(readSource(text), text.length).find(({ kind }) => kind === 'field');
      const depth = path.split('.').length;
      expect(field?.insertText).toMatch(new RegExp(`^\\n {${depth * 2}}\\w+: ?`));
      expect(text.slice(0, field?.span.start)).toBe(text.trimEnd());
    },
  );
});
