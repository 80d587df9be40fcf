import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completions } from '../../../src/compose/editor/completions.js';
import { readSource } from '../../../src/compose/editor/composeSource.js';
import { hover } from '../../../src/compose/editor/hover.js';
import { outline } from '../../../src/compose/editor/outline.js';
import { accepted } from './acceptedFiles.js';
import { read } from './readCompose.js';

const ENV = { TOKEN: 't', HIDDEN: 'h', MODEL: 'm', PW: 'p', HOST: 'wiki.test', EMPTY: '', T: 'x' };

/** Many runs on a machine that may be busy; far from what they take on an idle one. */
const patient = { timeout: 180_000 };

/** Whatever the text, there is an answer, and its places are inside the text. */
function expectAnswer(text: string): void {
  const { diagnostics, spec } = read(text, ENV);
  const hasErrors = diagnostics.some(found => found.severity === 'error');
  expect(spec === undefined).toBe(hasErrors);
  for (const { range, fix } of diagnostics) {
    for (const place of [range, ...(fix?.edits.map(edit => edit.range) ?? [])]) {
      expect(place.start.offset).toBeGreaterThanOrEqual(0);
      expect(place.end.offset).toBeGreaterThanOrEqual(place.start.offset);
      expect(place.end.offset).toBeLessThanOrEqual(text.length);
    }
  }
}

describe('any text gets an answer', patient, () => {
  it.each(accepted.filter(found => found.text.length > 200))('every beginning of: $name', ({ text }) => {
    for (let length = 0; length <= text.length; length++) expectAnswer(text.slice(0, length));
  });

  it('random text and random YAML', () => {
    const piece = fc.constantFrom(
      'agents',
      'dev',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      "'",
      '|',
      '>',
      '&a',
      '*a',
      '!!str',
      '#',
      '\t',
      '\r\n',
      '\0',
      '\uFEFF',
      '?',
      '<<',
      '__proto__',
      'constructor',
      '---',
      '%',
      '@',
      '${X}',
      '\u2028',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece, { maxLength: 40 }).map(pieces => pieces.join('')),
        ),
        expectAnswer,
      ),
      { numRuns: 1500 },
    );
  });

  it('a valid file with anything put into it anywhere, also in the editor', () => {
    const file = accepted.find(found => found.name === 'everything of Muster')?.text ?? '';
    const inserted = fc.constantFrom(
      ':',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      '"',
      '\t',
      'a: ',
      '#',
      '&a ',
      '*a',
      '|\n',
      '\0',
      ' ',
    );
    fc.assert(
      fc.property(fc.nat({ max: file.length }), inserted, (offset, piece) => {
        const text = file.slice(0, offset) + piece + file.slice(offset);
        expectAnswer(text);
        const source = readSource(text);
        for (const completion of completions(source, offset + piece.length)) {
          expect(completion.span.end).toBeLessThanOrEqual(text.length);
          expect(completion.span.start).toBeLessThanOrEqual(offset + piece.length);
        }
        hover(source, offset, { env: () => 'x', now: 0 });
        outline(source);
      }),
      { numRuns: 400 },
    );
  });

  const bomb = (levels: number): string =>
    `a0: &a0 [x, x]\n${Array.from({ length: levels }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}, *a${index}]\n`).join('')}`;
  it.each([
    ['deep flow lists', '['.repeat(100_000)],
    ['deep closed lists', `agents: ${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['deep flow mappings', '{a: '.repeat(20_000)],
    ['deep blocks', Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
    ['deep dashes', `${'- '.repeat(5000)}a`],
    ['an alias bomb', bomb(60)],
    ['ten megabytes', 'agents:\n'.padEnd(10 * 1024 * 1024, 'x: y\n')],
    ['ten megabytes in a line', `name: ${'x'.repeat(10 * 1024 * 1024)}`],
    ['many keys', `variables:\n${Array.from({ length: 5000 }, (_, index) => `  V${index}: x\n`).join('')}`],
    ['one key many times', 'name: a\n'.repeat(3000)],
    ['NUL', 'name: a\0b\n'],
    ['tabs', 'agents:\n\tdev: {}\n'],
    ['prototype keys', 'variables: {__proto__: a, constructor: b}\nagents: {dev: {__proto__: {}, toString: 1}}\n'],
  ])('%s', (_, text) => {
    expectAnswer(text);
  });

  it('says that ten megabytes are too many', () => {
    expect(read('x'.repeat(10 * 1024 * 1024)).diagnostics.map(found => found.code)).toEqual(['compose.tooLarge']);
  });

  it('keeps variables that are called like parts of every object', () => {
    expect(read('variables: {__proto__: a, constructor: b}\n').spec?.variables).toEqual([
      { name: '__proto__', secret: false, value: 'a' },
      { name: 'constructor', secret: false, value: 'b' },
    ]);
  });
});
