import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { listFiles } from '../../src/build/files.ts';
import { inRepository } from '../../src/build/paths.ts';

const isGenerated = (path: string) => path.startsWith('src/protocol/gen/') || path.includes('.generated.');

async function ourFiles(): Promise<readonly string[]> {
  const files = (await Promise.all(['src', 'webview', 'test'].map(listFiles))).flat();
  return files.filter(path => /\.(ts|mjs|css)$/.test(path) && !isGenerated(path));
}

test('no file is longer than 400 lines', async () => {
  const tooLong: string[] = [];
  for (const path of await ourFiles()) {
    const lines = (await readFile(inRepository(path), 'utf8')).split('\n').length - 1;
    if (lines > 400) tooLong.push(`${path}: ${lines}`);
  }
  expect(tooLong).toEqual([]);
});

test('no file is named after nothing in particular, and none only passes names on', async () => {
  const files = await ourFiles();
  expect(files.filter(path => /\/(utils?|helpers?|misc|common)\.ts$/.test(path))).toEqual([]);
  expect(files.filter(path => /^(src|webview)\/.*\/index\.ts$/.test(path))).toEqual([]);
});

test('generated files are what npm run generate makes', async () => {
  const generated = [
    'package.json',
    ...(await Promise.all(['src/protocol/gen', 'l10n', 'media', 'docs', 'syntaxes'].map(listFiles))).flat(),
    'package.nls.json',
  ];
  const before = await Promise.all(generated.map(digest));
  await promisify(execFile)(process.execPath, [inRepository('src/build/generate.ts')], { cwd: inRepository() });
  const after = await Promise.all(generated.map(digest));
  expect(generated.filter((_, index) => before[index] !== after[index])).toEqual([]);
});

async function digest(path: string): Promise<string> {
  const contents = await readFile(inRepository(path)).catch(() => '');
  return createHash('sha256').update(contents).digest('hex');
}
