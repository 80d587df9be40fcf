import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inRepository, repositoryRoot } from '../../src/build/paths.ts';
import { cruise, type CruiseResult } from './cruise.ts';
import { layers } from './layers.mjs';
import { listViolations, targetOf } from './plantedViolations.ts';

async function sourceFiles(folder: string): Promise<string[]> {
  const entries = await readdir(inRepository(folder), { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map(entry => relative(repositoryRoot, join(entry.parentPath, entry.name)));
}

describe('the sources', () => {
  let result: CruiseResult;
  beforeAll(async () => {
    result = await cruise(repositoryRoot);
  });

  test('keep to the layer table', () => {
    const found = result.summary.violations.map(
      violation => `${violation.from} → ${violation.to}: ${violation.rule.name}`,
    );
    expect(found).toEqual([]);
  });

  test('are all looked at', async () => {
    // A missing compiler API makes the tool see nothing, report nothing and succeed.
    const seen = new Set(result.modules.map(module => module.source));
    const files = [...(await sourceFiles('src')), ...(await sourceFiles('webview'))];
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter(file => !seen.has(file))).toEqual([]);
  });
});

describe('a planted violation is reported', () => {
  const violations = listViolations();
  let copy: string;
  let reported: Set<string>;

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'muster-layers-'));
    const write = async (file: string, code: string) => {
      await mkdir(dirname(join(copy, file)), { recursive: true });
      await writeFile(join(copy, file), code);
    };
    await cp(inRepository('test/architecture/layers.mjs'), join(copy, 'test/architecture/layers.mjs'), {
      recursive: true,
    });
    await symlink(inRepository('node_modules'), join(copy, 'node_modules'));
    await write('package.json', '{ "name": "plants", "type": "module", "devDependencies": { "vitest": "*" } }');
    const compilerOptions = { module: 'nodenext', moduleResolution: 'nodenext', target: 'es2024' };
    await write('tsconfig.json', JSON.stringify({ compilerOptions }));
    for (const layer of Object.keys(layers)) {
      await write(targetOf(layer), 'export interface Target { readonly a: 1 }\nexport const target = 1;\n');
    }
    await write('src/compose/projectSpec.ts', 'export const target = 1;\n');
    await write('src/core/stores.ts', 'export interface Stores { readonly a: 1 }\n');
    await write('src/host/plants/main.ts', 'export const target = 1;\n');
    await write('src/core/plants/cycle.ts', `import type { A } from '../plantCycleA.js';\nexport type B = A;\n`);
    for (const violation of violations) await write(violation.file, violation.code);
    const result = await cruise(copy);
    reported = new Set(result.summary.violations.map(violation => `${violation.from} ${violation.rule.name}`));
  });

  afterAll(() => rm(copy, { recursive: true, force: true }));

  test.each(violations.map(violation => [violation.file, violation.rule]))('%s breaks %s', (file, rule) => {
    expect(reported).toContain(`${file} ${rule}`);
  });

  test('and what the table allows is not', () => {
    const planted = new Set(violations.map(violation => violation.file));
    expect([...reported].filter(entry => !planted.has(entry.split(' ')[0] ?? ''))).toEqual([]);
  });
});
