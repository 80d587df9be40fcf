import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/build/paths.ts';
import { behaviours } from '../support/compasBehaviours.ts';
import { defects } from '../support/compasDefects.ts';

/** Suites that know Muster from outside only. */
const fromOutside = /^test\/(protocol|e2e|webview|vscode|journey)\//;
/** The end of a title: `(1, 2, defect 3)`; in files that are not about compas alone `(compas 51)`. */
const numbered = /\((compas )?((?:defect )?\d+(?:, (?:defect )?\d+)*)\)'/g;

interface Numbers {
  readonly behaviours: ReadonlySet<number>;
  readonly defects: ReadonlySet<number>;
}

/** What the titles of a file say that its tests hold. */
function numbersOf(file: string): Numbers {
  const text = readFileSync(`${repositoryRoot}/${file}`, 'utf8');
  const own = /\/compas[^/]*$/.test(file);
  const found = [...text.matchAll(numbered)].flatMap(([, compas, list = '']) =>
    list.split(', ').filter(each => each !== '' && (own || compas !== undefined || list.includes('defect'))),
  );
  const of = (wanted: boolean): ReadonlySet<number> =>
    new Set(
      found.filter(each => each.startsWith('defect ') === wanted).map(each => Number(each.replace('defect ', ''))),
    );
  return { behaviours: of(false), defects: of(true) };
}

const files = globSync('test/**/*.test.ts', { cwd: repositoryRoot })
  .map(file => file.replaceAll('\\', '/'))
  .filter(file => !file.startsWith('test/architecture/'));
const numbers = new Map(files.map(file => [file, numbersOf(file)]));

describe.each([
  ['behaviours', 94, behaviours],
  ['defects', 32, defects],
] as const)('the table of compas’ %s', (kind, count, rows) => {
  test('has each number once', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  });

  test('names files in which a test holds it, and every such file', () => {
    const wrong = rows.flatMap(({ number, files: named }) => {
      const holding = files.filter(file => numbers.get(file)?.[kind].has(number));
      return [
        ...(named.length === 0 ? [`${number} names no file`] : []),
        ...named.filter(file => !holding.includes(file)).map(file => `${number}: no title of ${file} ends with it`),
        ...holding.filter(file => !named.includes(file)).map(file => `${number}: ${file} is not named`),
      ];
    });
    expect(wrong).toEqual([]);
  });
});

test('each behaviour of compas is held from outside', () => {
  const inside = behaviours.filter(({ files: named }) => !named.some(file => fromOutside.test(file)));
  expect(inside).toEqual([]);
});
