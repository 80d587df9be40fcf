import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Pack } from 'tar-stream';
import { readably } from './readable.js';

export interface Packing {
  readonly archive: Pack;
  readonly folder: string;
  /** Where in the archive: `''` or `place/`. */
  readonly as?: string;
  /** Whose the files are there. */
  readonly owner?: Owner;
  /** By paths relative to the folder; missing: everything. */
  readonly isWanted?: (path: string) => boolean;
  readonly isEntered?: (path: string) => boolean;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Adds the contents of a folder to a tar. Links are packed as links, so that nothing outside of the folder is in it. Errors: what cannot
 * be read, by its name.
 */
export async function packFolder(packing: Packing): Promise<void> {
  await addFolder(packing, '');
}

/** Adds a folder without what is in it. */
export async function packDirectory(archive: Pack, name: string, owner: Owner): Promise<void> {
  await entry(archive, { ...owner, name, type: 'directory', mode: 0o755 });
}

async function addFolder(packing: Packing, inside: string): Promise<void> {
  const folder = join(packing.folder, inside);
  await readably(folder, await lstat(folder), async () => {
    const names = await readdir(folder);
    for (const name of names.toSorted()) await addPath(packing, inside === '' ? name : `${inside}/${name}`);
  });
}

async function addPath(packing: Packing, path: string): Promise<void> {
  const { archive, folder, as = '', owner = {}, isWanted = () => true, isEntered = () => true } = packing;
  const place = join(folder, path);
  const stats = await lstat(place);
  const common = { ...owner, name: `${as}${path}`, mode: stats.mode & 0o7777, mtime: stats.mtime };
  if (stats.isDirectory()) {
    if (isWanted(path)) await entry(archive, { ...common, type: 'directory' });
    if (isEntered(path)) await addFolder(packing, path);
  } else if (!isWanted(path)) return;
  else if (stats.isSymbolicLink())
    await entry(archive, { ...common, type: 'symlink', linkname: await readlink(place) });
  else if (stats.isFile() && stats.size === 0) await entry(archive, { ...common, size: 0 });
  else if (stats.isFile()) {
    const { size } = stats;
    const file = await readably(place, stats, () => open(place, constants.O_RDONLY | constants.O_NOFOLLOW));
    // A file that grows meanwhile is sent as long as it was.
    await pipeline(file.createReadStream({ start: 0, end: size - 1 }), archive.entry({ ...common, size }));
  }
}

async function entry(archive: Pack, header: Parameters<Pack['entry']>[0]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const done = (error?: Error | null): void => (error ? reject(error) : resolve());
  // Without contents of its own a file would wait for somebody who writes them.
  if (header.type === 'directory' || header.type === 'symlink') archive.entry(header, done);
  else archive.entry(header, '', done);
  await promise;
}
