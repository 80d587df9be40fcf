import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { listBundles, optionsFor } from '../../src/build/bundles.ts';
import { inRepository } from '../../src/build/paths.ts';
import { QuickjsEngine, type QuickjsOptions } from '../../src/drivers/quickjs/quickjsEngine.js';

/** The script engine with its worker bundled as it ships. Removed when the process ends. */
export async function buildScriptEngine(options: Partial<QuickjsOptions> = {}): Promise<QuickjsEngine> {
  mkdirSync(inRepository('out'), { recursive: true });
  const folder = mkdtempSync(inRepository('out/test-scripts-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const bundle = listBundles().find(({ name }) => name === 'scriptWorker');
  if (!bundle) throw new Error('There is no bundle of the script worker');
  await build({ ...optionsFor(bundle), outdir: folder, write: true, minify: false, sourcemap: false });
  return new QuickjsEngine({ worker: join(folder, 'scriptWorker.js'), ...options });
}
