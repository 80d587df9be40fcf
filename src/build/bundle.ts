import { build, type BuildOptions, type BuildResult } from 'esbuild';
import { chmod, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { plainBuiltins } from './builtinModules.ts';
import { listBundles, optionsFor, type Bundle } from './bundles.ts';
import { replaceFile } from './files.ts';
import { cutAtDynamicImports, type LazyEntry } from './lazyBundles.ts';
import { productVersion } from './manifest.ts';
import { inRepository } from './paths.ts';
import { BuildError } from './progress.ts';

/**
 * Writes every bundle to `dist` and its metafile to `out/meta`; returns the paths written, relative to the checkout.
 * A bundle that cannot be made does not keep the others from being made; esbuild has printed the reasons by then.
 */
export async function bundleAll(): Promise<readonly string[]> {
  const written: string[] = [];
  const failed: string[] = [];
  for (const bundle of listBundles()) {
    try {
      if (isCut(bundle)) written.push(...(await bundleWithLazy(bundle)));
      else written.push(...(await bundleOne(bundle, optionsFor(bundle))));
    } catch (error) {
      if (!(error instanceof Error && 'errors' in error)) throw error;
      failed.push(bundle.name);
    }
  }
  if (failed.length > 0) throw new BuildError(`Could not bundle ${failed.join(', ')}; the reasons are above.`);
  return written;
}

/** Those whose start somebody waits for, or that seldom need all they have. */
function isCut({ kind, name }: Bundle): boolean {
  return kind === 'extension' || kind === 'executable' || name === 'host';
}

/** A program and what it loads lazily, each a bundle: the extension's beside it, those of others in a folder. */
async function bundleWithLazy(bundle: Bundle): Promise<readonly string[]> {
  const folder = bundle.kind === 'extension' ? '' : `${bundle.name}-parts/`;
  const written: string[] = [];
  const pending: Bundle[] = [bundle];
  const lazy = new Map<string, LazyEntry>();
  for (let next = pending.shift(); next; next = pending.shift()) {
    const fileOf = (name: string): string =>
      bundle.kind === 'extension' ? `./${name}.cjs` : `./${next === bundle ? folder : ''}${name}.js`;
    const plugin = cutAtDynamicImports(fileOf, entry => {
      const known = lazy.get(entry.name);
      if (known && known.path !== entry.path) {
        throw new Error(`Two lazily loaded modules are called ${entry.name}: ${known.path} and ${entry.path}`);
      }
      if (known) return;
      lazy.set(entry.name, entry);
      pending.push({ name: folder + entry.name, entry: relative(inRepository(), entry.path), kind: bundle.kind });
    });
    const plugins = bundle.kind === 'executable' ? [plugin, plainBuiltins()] : [plugin];
    written.push(...(await bundleOne(next, { ...optionsFor(next), plugins })));
  }
  return written;
}

async function bundleOne(bundle: Bundle, options: BuildOptions): Promise<readonly string[]> {
  const source = await readFile(inRepository(bundle.entry), 'utf8');
  const define = { ...options.define, MUSTER_VERSION: JSON.stringify(await productVersion()) };
  const result: BuildResult = await build({ ...options, define });
  const written: string[] = [];
  for (const file of result.outputFiles ?? []) {
    const path = relative(inRepository(), file.path);
    const isEntry = path === join('dist', `${bundle.name}.js`);
    const executable = bundle.kind === 'executable' && isEntry && !bundle.name.includes('/');
    const contents =
      executable && !source.startsWith('#!')
        ? Buffer.concat([Buffer.from('#!/usr/bin/env node\n'), file.contents])
        : file.contents;
    await replaceFile(path, contents);
    if (executable) await chmod(inRepository(path), 0o755);
    written.push(path);
  }
  const metafile = join('out', 'meta', `${bundle.name}.json`);
  await replaceFile(metafile, JSON.stringify(result.metafile));
  return [...written, metafile];
}
