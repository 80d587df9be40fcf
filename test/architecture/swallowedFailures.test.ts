import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listFiles } from '../../src/build/files.ts';
import { inRepository } from '../../src/build/paths.ts';

/** A failure that nobody looks at: `catch {`, or a `.catch` that gives something else instead. */
const swallow = /\bcatch \{|\.catch\(\(\) =>/;
const comment = /^\s*(?:\/\/|\/?\*)|\s\/\/ /;
/** As far above as a short function begins. */
const reach = 14;

test('every failure that is swallowed has a word why it may be', async () => {
  const files = (await Promise.all(['src', 'webview'].map(listFiles)))
    .flat()
    .filter(path => path.endsWith('.ts') && !/\/gen\/|\.generated\.|^src\/build\//.test(path));
  expect(files.length).toBeGreaterThan(1000);
  const silent = await Promise.all(
    files.map(async path => silentSwallows(await readFile(inRepository(path), 'utf8')).map(line => `${path}:${line}`)),
  );
  expect(silent.flat()).toEqual([]);
});

test('a planted swallow without a word is found, and one with a word is not', () => {
  const body = [
    'function read() {',
    '  try {',
    '    return look();',
    '  } catch {',
    '    return undefined;',
    '  }',
    '}',
  ];
  expect(silentSwallows(body.join('\n'))).toEqual([4]);
  expect(silentSwallows(['const a = await look().catch(() => undefined);'].join('\n'))).toEqual([1]);
  expect(silentSwallows(['/** Nothing where there is none. */', ...body].join('\n'))).toEqual([]);
  expect(silentSwallows(body.toSpliced(4, 0, '    // It may be gone.').join('\n'))).toEqual([]);
  // The word of another function says nothing about this one.
  expect(silentSwallows(['/** Looks. */', 'function look() {', '}', '', ...body].join('\n'))).toEqual([8]);
});

/** Lines with a swallow that no comment at it, or in or above its function, explains. */
function silentSwallows(text: string): readonly number[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => (swallow.test(line) && !isExplained(lines, index) ? [index + 1] : []));
}

function isExplained(lines: readonly string[], at: number): boolean {
  if (lines.slice(at, at + 4).some(line => comment.test(line))) return true;
  for (let above = at - 1; above >= Math.max(0, at - reach); above--) {
    const line = lines[above] ?? '';
    if (comment.test(line)) return true;
    if (line.startsWith('}')) return false;
  }
  return false;
}
