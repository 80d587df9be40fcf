import { build, type BuildOptions, type BuildResult } from 'esbuild';
import { chmod, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { listBundles, optionsFor, type Bundle } from './bundles.ts';
import { cutAtDynamicImports, type LazyEntry } from './lazyBundles.ts';
import { inRepository } from './paths.ts';

/** Writes every bundle to `dist` and its metafile to `out/meta`; returns the paths written, relative to the checkout. */
export async function bundleAll(): Promise<readonly string[]> {
  const written: string[] = [];
  for (const bundle of listBundles()) {
    if (bundle.kind === 'extension') written.push(...(await bundleExtension(bundle)));
    else written.push(...(await bundleOne(bundle, optionsFor(bundle))));
  }
  return written;
}

async function bundleExtension(bundle: Bundle): Promise<readonly string[]> {
  const written: string[] = [];
  const pending: Bundle[] = [bundle];
  const lazy = new Map<string, LazyEntry>();
  for (let next = pending.shift(); next; next = pending.shift()) {
    const plugin = cutAtDynamicImports(entry => {
      const known = lazy.get(entry.name);
      if (known && known.path !== entry.path) {
        throw new Error(`Two lazily loaded modules are called ${entry.name}: ${known.path} and ${entry.path}`);
      }
      if (known) return;
      lazy.set(entry.name, entry);
      pending.push({ name: entry.name, entry: relative(inRepository(), entry.path), kind: 'extension' });
    });
    written.push(...(await bundleOne(next, { ...optionsFor(next), plugins: [plugin] })));
  }
  return written;
}

async function bundleOne(bundle: Bundle, options: BuildOptions): Promise<readonly string[]> {
  const source = await readFile(inRepository(bundle.entry), 'utf8');
  const result: BuildResult = await build(options);
  const written: string[] = [];
  for (const file of result.outputFiles ?? []) {
    const path = relative(inRepository(), file.path);
    const isEntry = path === join('dist', `${bundle.name}.js`);
    const executable = bundle.kind === 'executable' && isEntry;
    const contents =
      executable && !source.startsWith('#!')
        ? Buffer.concat([Buffer.from('#!/usr/bin/env node\n'), file.contents])
        : file.contents;
    await replaceFile(path, contents);
    if (executable) await chmod(inRepository(path), 0o755);
    written.push(path);
  }
  await replaceFile(join('out', 'meta', `${bundle.name}.json`), Buffer.from(JSON.stringify(result.metafile)));
  return written;
}

/** Replaces a file in one step, so that a program which is starting meanwhile reads the old or the new one. */
export async function replaceFile(path: string, contents: Uint8Array): Promise<void> {
  const target = inRepository(path);
  const current = await readFile(target).catch(() => undefined);
  if (current?.equals(contents)) return;
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, target);
}

/** Removes what an earlier build left in `dist`. `keep` holds paths relative to the checkout. */
export async function removeStaleOutput(keep: readonly string[]): Promise<void> {
  const kept = new Set(keep.map(path => path.split(sep).join('/')));
  const entries = await readdir(inRepository('dist'), { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = relative(inRepository(), join(entry.parentPath, entry.name)).split(sep).join('/');
    if (!kept.has(path)) await rm(inRepository(path), { force: true });
  }
}
