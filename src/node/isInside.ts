import nodePath, { type PlatformPath } from 'node:path';

/**
 * True when the absolute path `place` is the folder or lies below it, by the names alone: links are the caller's to resolve. A
 * name like `..cache` is a name, not a way out.
 */
export function isInside(
  folder: string,
  place: string,
  path: Pick<PlatformPath, 'relative' | 'isAbsolute' | 'sep'> = nodePath,
): boolean {
  const way = path.relative(folder, place);
  return way === '' || (way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way));
}
