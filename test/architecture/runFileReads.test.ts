import { readFile } from 'node:fs/promises';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { listFiles } from '../../src/build/files.ts';
import { inRepository } from '../../src/build/paths.ts';

/** What opens a path by itself: at a named pipe it waits, through a link it reads somewhere else, and it knows no bound. */
const opening = new Set([
  'open',
  'openSync',
  'readFile',
  'readFileSync',
  'createReadStream',
  'readv',
  'cp',
  'copyFile',
]);
/** Read and write where agents write. */
const rooms = ['src/drivers/process', 'src/host/feed', 'src/host/secrets', 'src/host/api'];
/** Reads /proc, which the kernel writes. */
const exempt = new Set(['src/drivers/process/linuxProcessTable.ts']);

test('what an agent can put into a run directory is opened by node/foreignFile.ts alone', async () => {
  const files = (await Promise.all(rooms.map(listFiles))).flat().filter(file => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(20);
  const found: string[] = [];
  for (const file of files) {
    if (exempt.has(file)) continue;
    found.push(...openers(await readFile(inRepository(file), 'utf8')).map(name => `${file}: ${name}`));
  }
  expect(found).toEqual([]);
});

test.each([
  [`import { openSync } from 'node:fs';`, ['openSync']],
  [`import { open as openFile, stat } from 'node:fs/promises';`, ['open']],
  [`import { createReadStream, readFileSync } from 'fs';`, ['createReadStream', 'readFileSync']],
  [`import * as fs from 'node:fs';`, ['*']],
  [`import fs from 'node:fs';`, ['default']],
  [`const fs = await import('node:fs/promises');`, ['*']],
  [`import { statSync } from 'node:fs';\nimport { open } from './door.js';`, []],
])('a planted import is seen: %s', (code, names) => {
  expect(openers(code)).toEqual(names);
});

/** The names by which this source could open a file. */
function openers(code: string): readonly string[] {
  const source = ts.createSourceFile('planted.ts', code, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const isFs = (node: ts.Node | undefined): boolean =>
    node !== undefined && ts.isStringLiteral(node) && /^(?:node:)?fs(?:\/promises)?$/.test(node.text);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && isFs(node.moduleSpecifier)) {
      const clause = node.importClause;
      if (clause?.name) found.push('default');
      const bindings = clause?.namedBindings;
      if (bindings && ts.isNamespaceImport(bindings)) found.push('*');
      if (bindings && ts.isNamedImports(bindings))
        found.push(
          ...bindings.elements.map(each => (each.propertyName ?? each.name).text).filter(name => opening.has(name)),
        );
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && isFs(node.arguments[0]))
      found.push('*');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
