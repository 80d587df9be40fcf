import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { inRepository } from './paths.ts';

/**
 * Gives a file of the checkout new contents in one step, so that a program which is starting meanwhile reads the old or
 * the new ones. A file that holds them already is left alone.
 */
export async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  const target = inRepository(path);
  const bytes = Buffer.from(contents);
  const current = await readFile(target).catch(() => undefined);
  if (current?.equals(bytes)) return;
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}.tmp`;
  await writeFile(temporary, bytes);
  await rename(temporary, target);
}

/** Every file below `folder` of the checkout, relative to the checkout, with `/`; nothing when there is no such folder. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(inRepository(folder), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter(entry => entry.isFile())
    .map(entry => relative(inRepository(), join(entry.parentPath, entry.name)).split(sep).join('/'));
}

/** Removes every file below `folder` that `keep` (relative to the checkout) does not name. */
export async function removeOthers(folder: string, keep: readonly string[]): Promise<void> {
  const kept = new Set(keep.map(path => path.split(sep).join('/')));
  for (const path of await listFiles(folder)) {
    if (!kept.has(path)) await rm(inRepository(path), { force: true });
  }
}
