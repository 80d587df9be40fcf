import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { foreignLookups } from './foreignLookups.ts';

const options: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts', 'lib.dom.d.ts'],
  types: ['node', 'vscode'],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
};

/** The only place that may look up what it is asked for: it asks whether the key is the object's own first. */
test('no text that somebody else chose is looked up in an ordinary object', { timeout: 120_000 }, () => {
  const root = inRepository();
  const files = ['src', 'webview'].flatMap(folder => ts.sys.readDirectory(join(root, folder), ['.ts']));
  const isOurs = (file: string): boolean => file.startsWith(root) && !/\/(node_modules|gen)\//.test(file);
  const found = foreignLookups(ts.createProgram(files, options), isOurs);
  expect(found.map(({ file, line, text }) => `${file.slice(root.length)}:${line} ${text}`)).toEqual([]);
});

test.each([
  ['a table', `const t: Record<string, number> = { a: 1 };\nexport const f = (k: string) => t[k];`, 't[k]'],
  ['a value of the wire', `export const f = (r: { [key: string]: string }, k: string) => r[k] ?? '';`, 'r[k]'],
  ['a guess', `export const f = (r: Record<string, string>, k: string | undefined) => r[k ?? ''];`, `r[k ?? '']`],
])('a planted lookup in %s is reported', (_, code, text) => {
  expect(lookupsOf(code)).toEqual([text]);
});

test.each([
  ['a list', `export const f = (r: readonly string[], k: number) => r[k];`],
  ['a closed union of keys', `export const f = (r: Record<'a' | 'b', string>, k: 'a' | 'b') => r[k];`],
  ['a guarded read', `export const f = (r: Record<string, string>, k: string) => Object.hasOwn(r, k) ? r[k] : '';`],
])('%s is allowed', (_, code) => {
  expect(lookupsOf(code)).toEqual([]);
});

function lookupsOf(code: string): readonly string[] {
  const name = inRepository('planted.ts');
  const light = { ...options, lib: ['lib.es2024.d.ts'], types: [] };
  const host = ts.createCompilerHost(light);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (file, languageVersion) =>
    file === name ? ts.createSourceFile(file, code, languageVersion, true) : getSourceFile(file, languageVersion);
  host.fileExists = file => file === name || fileExists(file);
  const program = ts.createProgram([name], light, host);
  return foreignLookups(program, file => file === name).map(lookup => lookup.text);
}
