import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inRepository } from '../../../src/build/paths.ts';

const read = (path: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(inRepository(path), 'utf8')) as Readonly<Record<string, string>>;
const marks = (text: string): readonly string[] =>
  [...text.matchAll(/\{\d\}|\$\([\w-]+\)|\]\([^)]*\)/g)].map(([mark]) => mark).toSorted();

describe.each([
  ['package.nls.json', 'package.nls.de.json'],
  ['l10n/bundle.l10n.json', 'l10n/bundle.l10n.de.json'],
])('the German of %s', (of, path) => {
  const english = read(of);
  const german = read(path);

  test('has every text, and none that is gone', () => {
    expect(Object.keys(german).toSorted()).toEqual(Object.keys(english).toSorted());
  });

  test('keeps places for values, icons and the targets of links', () => {
    const other = Object.keys(german).filter(key => {
      const before = marks(english[key] ?? '');
      return JSON.stringify(marks(german[key] ?? '')) !== JSON.stringify(before);
    });
    expect(other).toEqual([]);
  });
});
