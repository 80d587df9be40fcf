import { readFile } from 'node:fs/promises';
import { inRepository } from './paths.ts';

/** `package.json` as it is on disk. */
export async function readManifest(): Promise<Readonly<Record<string, unknown>>> {
  const parsed: unknown = JSON.parse(await readFile(inRepository('package.json'), 'utf8'));
  if (typeof parsed !== 'object' || parsed === null) throw new Error('package.json does not hold an object');
  return { ...parsed };
}

export async function productVersion(): Promise<string> {
  const { version } = await readManifest();
  if (typeof version !== 'string') throw new Error('package.json has no version');
  return version;
}
