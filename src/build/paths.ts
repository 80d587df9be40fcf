import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the checkout. */
export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Absolute path of something in the checkout. */
export function inRepository(...parts: readonly string[]): string {
  return join(repositoryRoot, ...parts);
}

/** Where large downloads are kept between checkouts: `MUSTER_CACHE`, else `muster` in the person's cache directory. */
export function cacheDirectory(): string {
  return process.env['MUSTER_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'muster');
}
