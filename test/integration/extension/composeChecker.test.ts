import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { build } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';
import { listBundles, optionsFor } from '../../../src/build/bundles.ts';
import { ComposeChecker } from '../../../src/extension/compose/composeChecker.js';

let checker: ComposeChecker;
beforeAll(async () => {
  const entry = listBundles().find(({ name }) => name === 'composeWorker');
  if (!entry) throw new Error('There is no worker');
  const outdir = mkdtempSync(join(tmpdir(), 'muster-test-'));
  await build({ ...optionsFor(entry), outdir, write: true, sourcemap: false });
  checker = new ComposeChecker({ worker: join(outdir, 'composeWorker.cjs') });
  return () => {
    checker.dispose();
    rmSync(outdir, { recursive: true });
  };
});

const directoryName = 'shop';
const agents = (count: number): string =>
  `agents:\n${Array.from({ length: count }, (_, at) => `  a${at}: {provider: claude, model: '\${MODEL}'}\n`).join('')}`;

test('a small file is checked at once, with the variables of its env files', async () => {
  const files = [new Map([['MODEL', 'opus']])];
  const result = await checker.check('small', { text: agents(1), directoryName, files });
  expect(result?.spec?.agents).toMatchObject([{ name: 'a0', model: 'opus' }]);
});

test.each([
  ['a megabyte and a half of blank lines', `${agents(1)}${'\n'.repeat(1_500_000)}`, 1],
  ['a megabyte of small agents', agents(25_000), 25_000],
])('%s holds up nobody while it is checked', { timeout: 120_000 }, async (_, text, count) => {
  const files = [new Map([['MODEL', 'opus']])];
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const result = await checker.check('large', { text, directoryName, files });
  delay.disable();
  // It is seconds where it is checked in this thread; taking over an answer of that size costs something too.
  expect(delay.max / 1e6).toBeLessThan(500);
  expect(result?.diagnostics.filter(({ severity }) => severity === 'error') ?? []).toEqual([]);
  expect(result?.spec?.agents).toHaveLength(count);
});

test('the env files of a large text are found without holding up anybody', { timeout: 120_000 }, async () => {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const text = `${agents(25_000)}env_file: [one.env, two.env]\n`;
  const found = await checker.envFiles('named', text);
  delay.disable();
  expect(delay.max / 1e6).toBeLessThan(500);
  expect(found).toEqual({ named: ['one.env', 'two.env'], useDefault: false });
  expect(await checker.envFiles('named', agents(1))).toEqual({ named: [], useDefault: true });
});

test('a newer text ends the check of an older one', { timeout: 120_000 }, async () => {
  const older = checker.check('same', { text: agents(25_000), directoryName, files: [] });
  const newer = checker.check('same', { text: agents(0), directoryName, files: [] });
  expect(await older).toBeUndefined();
  expect(await newer).toBeDefined();
});
