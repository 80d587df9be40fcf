import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listFiles } from '../../src/build/files.ts';
import { inRepository } from '../../src/build/paths.ts';

/** A row of so few columns is a link or a value under a key, no entity. */
const fewColumns = 4;

test('the columns of an entity are named once, in its column table', async () => {
  const files = (await listFiles('src/drivers/sqlite')).filter(path => /\/sqlite\w+Store\.ts$/.test(path));
  expect(files.length).toBeGreaterThan(20);
  const byHand: string[] = [];
  for (const path of files) {
    const text = await readFile(inRepository(path), 'utf8');
    byHand.push(...insertsByHand(text).map(table => `${path}: ${table}`));
  }
  expect(byHand).toEqual([]);
});

test('a planted insert of an entity is found', () => {
  expect(insertsByHand('`INSERT OR REPLACE INTO thing (id, a, b, c, d) VALUES (?, ?, ?, ?, ?)`')).toEqual(['thing']);
  expect(insertsByHand('`INSERT INTO link (one, other) VALUES (?, ?)`')).toEqual([]);
});

/** Tables into which a text inserts more columns than a link has. */
function insertsByHand(text: string): readonly string[] {
  return [...text.matchAll(/INSERT (?:OR \w+ )?INTO (\w+) \(([^)]*)\)/g)]
    .filter(([, , columns = '']) => columns.split(',').length > fewColumns)
    .map(([, table = '']) => table);
}
