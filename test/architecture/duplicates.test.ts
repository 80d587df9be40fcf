import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { listFiles } from '../../src/build/files.ts';
import { inRepository } from '../../src/build/paths.ts';

/** From so many lines on, what stands in two rooms has a home of its own. */
const longEnough = 6;

interface Line {
  readonly text: string;
  readonly number: number;
}

test('nothing of six lines or more stands in two rooms', async () => {
  const files = (await Promise.all(['src', 'webview'].map(listFiles)))
    .flat()
    .filter(path => /\.(?:ts|css)$/.test(path) && !path.includes('/gen/') && !path.includes('.generated.'));
  const sources = await Promise.all(
    files.map(async path => ({ path, text: await readFile(inRepository(path), 'utf8') })),
  );
  expect(duplicates(sources)).toEqual([]);
});

test('a planted duplicate is found, and what only looks like one is not', () => {
  const work = ['const a = one();', 'const b = two(a);', 'if (!b) return;', 'three(b);', 'four(b);', 'five(b);'];
  const body = work.join('\n');
  const spaced = work.map(line => `    ${line} // why`).join('\n\n');
  expect(duplicates([at('src/core/runs/a.ts', body), at('src/core/threads/b.ts', `/** why */\n${body}`)])).toEqual([
    'src/core/threads/b.ts:2 ~ src/core/runs/a.ts:1',
  ]);
  expect(duplicates([at('src/core/runs/a.ts', body), at('src/core/threads/b.ts', spaced)])).toHaveLength(1);
  expect(duplicates([at('src/core/runs/a.ts', body), at('src/core/runs/b.ts', body)])).toEqual([]);
  expect(duplicates([at('src/core/runs/a.ts', body), at('src/core/threads/b.ts', work.slice(1).join('\n'))])).toEqual(
    [],
  );
  const imports = work.map((_, index) => `import { thing${index} } from './thing.js';`).join('\n');
  expect(duplicates([at('src/core/runs/a.ts', imports), at('src/core/threads/b.ts', imports)])).toEqual([]);
});

function at(path: string, text: string): { readonly path: string; readonly text: string } {
  return { path, text };
}

/** Where runs of lines stand again in another folder, the first line of each. Imports, comments and lone brackets do not count. */
function duplicates(sources: readonly { readonly path: string; readonly text: string }[]): readonly string[] {
  const firstAt = new Map<string, string[]>();
  const found: string[] = [];
  for (const { path, text } of sources) {
    const lines = significantLines(text);
    let reportedUntil = -1;
    for (let start = 0; start + longEnough <= lines.length; start++) {
      const key = lines
        .slice(start, start + longEnough)
        .map(line => line.text)
        .join('\n');
      const places = firstAt.get(key) ?? [];
      const other = places.find(place => dirname(place) !== dirname(path));
      if (other !== undefined && start > reportedUntil) {
        found.push(`${path}:${lines[start]?.number} ~ ${other}`);
        reportedUntil = start + longEnough;
      }
      firstAt.set(key, [...places, `${path}:${lines[start]?.number}`]);
    }
  }
  return found;
}

function significantLines(text: string): readonly Line[] {
  const withoutImports = text.replaceAll(
    /^(?:import|export) (?:type )?(?:\{[^}]*\}|\w+|\* as \w+)(?:, \{[^}]*\})? from .*$/gm,
    blank,
  );
  return withoutImports
    .replaceAll(/\/\*[\s\S]*?\*\//g, blank)
    .split('\n')
    .map((line, index) => ({
      text: line
        .replace(/(^|\s)\/\/.*$/, '')
        .trim()
        .replaceAll(/\s+/g, ' '),
      number: index + 1,
    }))
    .filter(line => /\w/.test(line.text));
}

/** As many lines with nothing on them. */
function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, '');
}
