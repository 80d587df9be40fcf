import { constants } from 'node:fs';
import { open, readdir, readlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Pack } from 'tar-stream';
import { inHeld, readably, withHeldPath, type HeldPath, type Place } from './heldPath.js';

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
 * Adds the contents of a folder to a tar. Links are packed as links, also those that somebody puts there meanwhile, so that nothing
 * outside of the folder is in it. Errors: what cannot be read, by its name; the folder is a link, or not there.
 */
export async function packFolder(packing: Packing): Promise<void> {
  const { folder } = packing;
  const isThere = await withHeldPath({ at: folder, path: folder }, found => addFolder(packing, found, ''));
  if (!isThere) throw new Error(`${folder} is not there any more.`);
}

/** Adds a folder without what is in it. */
export async function packDirectory(archive: Pack, name: string, owner: Owner): Promise<void> {
  await entry(archive, { ...owner, name, type: 'directory', mode: 0o755 });
}

async function addFolder(packing: Packing, folder: HeldPath, inside: string): Promise<void> {
  await readably(folder, async () => {
    const names = await readdir(folder.at);
    for (const name of names.toSorted()) {
      const place = inHeld(folder, name);
      const path = inside === '' ? name : `${inside}/${name}`;
      await withHeldPath(place, found => addPath(packing, { found, place, path }));
    }
  });
}

/** `path`: as it is called in the folder. What is held of a link is the link; its text is read by its place. */
async function addPath(
  packing: Packing,
  { found, place, path }: { readonly found: HeldPath; readonly place: Place; readonly path: string },
): Promise<void> {
  const { archive, as = '', owner = {}, isWanted = () => true, isEntered = () => true } = packing;
  const { stats } = found;
  const common = { ...owner, name: `${as}${path}`, mode: stats.mode & 0o7777, mtime: stats.mtime };
  if (stats.isDirectory()) {
    if (isWanted(path)) await entry(archive, { ...common, type: 'directory' });
    if (isEntered(path)) await addFolder(packing, found, path);
  } else if (!isWanted(path)) return;
  else if (stats.isSymbolicLink())
    await entry(archive, { ...common, type: 'symlink', linkname: await readlink(place.at) });
  else if (stats.isFile() && stats.size === 0) await entry(archive, { ...common, size: 0 });
  else if (stats.isFile()) {
    const { size } = stats;
    const file = await readably(found, () => open(found.at, constants.O_RDONLY));
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
