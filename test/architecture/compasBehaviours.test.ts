import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { behaviours } from '../support/compasBehaviours.ts';
import { defects } from '../support/compasDefects.ts';

/** How many of each may have no test; a number that only goes down. */
const openBehaviours = 1;
const openDefects = 0;

describe.each([
  ['behaviours', 94, openBehaviours, behaviours],
  ['defects', 32, openDefects, defects],
] as const)('the table of compas’ %s', (_, count, open, rows) => {
  test('has each number once', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: count }, (__, index) => index + 1));
  });

  test('names tests that there are, or says what is open', () => {
    const wrong = rows.flatMap(({ number, tests, open: missing }) => [
      ...(tests.length === 0 && missing === undefined ? [`${number} names nothing`] : []),
      ...tests.flatMap(([file, title]) =>
        readFileSync(inRepository(file), 'utf8').includes(title) ? [] : [`${number}: ${file} has no "${title}"`],
      ),
    ]);
    expect(wrong).toEqual([]);
    expect(rows.filter(({ open: missing }) => missing !== undefined).length).toBeLessThanOrEqual(open);
  });
});
