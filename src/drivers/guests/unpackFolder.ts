import { constants, createWriteStream } from 'node:fs';
import { chmod, copyFile, cp, lstat, mkdir, readdir, rename, symlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Headers } from 'tar-stream';
import { errorMessage } from '../../base/errors.js';
import { lookAt } from '../../node/looks.js';
import { removeWhole } from '../../node/removeTree.js';
import { systemCode } from '../../node/systemError.js';

export interface Unpacking {
  /** First part of every path of the tar, which the engine adds: the folder's own name. */
  readonly top: string;
  readonly folder: string;
  /** A folder of nobody else, best on the same disk: what comes is put here until all of it is there. */
  readonly beside: string;
  /** What at the top of the folder is none of the tar's. */
  readonly keeps?: readonly string[];
  /** More than so much beyond what the folder has already is not taken. */
  readonly mostBytes?: number | undefined;
  readonly mostEntries?: number | undefined;
}

/** A file without contents takes room too, and time. No honest run has so many that are new. */
const usualMostEntries = 1_000_000;
/** Of a path, on average: folders are remembered until all came. */
const usualNameBytes = 128;

/** An agent says how large its files are, and they need not be on any disk. Recognised where it is thrown for. */
export class FarTooLarge extends Error {
  constructor(most: number, what: 'bytes' | 'files' = 'bytes') {
    const may = what === 'bytes' ? `${most} bytes that it may add (resources.disk)` : `${most} files that it may add`;
    super(`What the run left is more than the ${may}, and was not taken over`);
  }
}

/**
 * Makes a folder what a tar says, which an agent filled: nothing outside of the folder is written, no link is followed, and what is
 * neither file, folder nor symbolic link is left out. What is in the folder and not in the tar goes. Whatever goes wrong before all of the tar
 * was read, the folder is as it was. Errors: {@link FarTooLarge}.
 */
export async function unpackFolder(tar: Readable, unpacking: Unpacking): Promise<void> {
  const { folder, beside } = unpacking;
  await clear(beside);
  await mkdir(beside, { recursive: true, mode: 0o700 });
  try {
    await unpackBeside(tar, unpacking);
    await replace(folder, beside, unpacking.keeps ?? []);
  } finally {
    await clear(beside);
  }
}

async function unpackBeside(tar: Readable, unpacking: Unpacking): Promise<void> {
  const { folder, beside, top, keeps = [] } = unpacking;
  const spend = await purseOf(unpacking);
  const folders = new Set<string>(['']);
  const isKept = await keptNames(folder, keeps);
  const reader = extract();
  const take = async (header: Headers, contents: Readable): Promise<void> => {
    spend(header.size ?? 0, header.name);
    const path = inside(header.name, top);
    if (path === undefined || path === '' || (await isKept(path))) return void contents.resume();
    const first = header.type === 'link' ? inside(header.linkname ?? '', top) : undefined;
    const linked = first === undefined || (await isKept(first)) ? undefined : first;
    await place({ folder: beside, folders, path, header, contents, linked, spend });
  };
  reader.on('entry', (header: Headers, contents: Readable, next: (error?: unknown) => void) => {
    const ended = new Promise<void>(resolve => contents.once('end', resolve));
    void take(header, contents)
      .then(() => ended)
      .then(
        () => next(),
        (error: unknown) => next(error instanceof Error ? error : new Error(errorMessage(error))),
      );
  });
  await pipeline(tar, reader);
}

/** Counts contents, and entries with their names. What is in the folder already came from here, or was taken over before: it is free. */
async function purseOf(unpacking: Unpacking): Promise<(bytes: number, name?: string) => void> {
  const { folder, keeps = [], mostBytes = Infinity, mostEntries = usualMostEntries } = unpacking;
  const has = await sizeOfFolder(folder, keeps);
  let bytesLeft = has.bytes + mostBytes;
  let nameBytesLeft = has.nameBytes + mostEntries * usualNameBytes;
  let entriesLeft = has.entries + mostEntries;
  return (bytes, name) => {
    bytesLeft -= bytes;
    if (bytesLeft < 0) throw new FarTooLarge(mostBytes);
    if (name === undefined) return;
    nameBytesLeft -= Buffer.byteLength(name);
    if (--entriesLeft < 0 || nameBytesLeft < 0) throw new FarTooLarge(mostEntries, 'files');
  };
}

/** As a tar of it would be counted. */
async function sizeOfFolder(
  folder: string,
  keeps: readonly string[],
): Promise<{ readonly bytes: number; readonly nameBytes: number; readonly entries: number }> {
  const size = { bytes: 0, nameBytes: 0, entries: 1 };
  const folders = [''];
  for (let at = folders.pop(); at !== undefined; at = folders.pop())
    // One that cannot be read has nothing that was taken over.
    for (const each of await readdir(join(folder, at), { withFileTypes: true }).catch(() => [])) {
      if (at === '' && keeps.includes(each.name)) continue;
      const path = at === '' ? each.name : `${at}/${each.name}`;
      size.entries++;
      size.nameBytes += Buffer.byteLength(path);
      if (each.isDirectory()) folders.push(path);
      else if (each.isFile()) size.bytes += (await lookAt(join(folder, path)))?.size ?? 0;
    }
  return size;
}

/** The path of an entry inside the folder; undefined for one that would be elsewhere. */
function inside(name: string, top: string): string | undefined {
  const path = posix
    .normalize(name)
    .replace(/^(\.\/)+/, '')
    .replace(/\/+$/, '');
  // Where these part folders, disks and streams, no file has them in its name.
  if (process.platform === 'win32' && /[\\:]/.test(path)) return undefined;
  if (path.includes('\0') || posix.isAbsolute(path) || path === '..' || path.startsWith('../')) return undefined;
  if (path === top || path === '.') return '';
  return path.startsWith(`${top}/`) ? path.slice(top.length + 1) : undefined;
}

/**
 * Whether a path leads to something that is kept. By what stands there, because many file systems know one file by several
 * names (`.GIT`, `GIT~1`).
 */
async function keptNames(folder: string, keeps: readonly string[]): Promise<(path: string) => Promise<boolean>> {
  const identity = async (name: string): Promise<string> => {
    // Exact numbers: those of Windows do not fit into the usual ones. What is not there has none.
    const stats = await lstat(join(folder, name), { bigint: true }).catch(() => undefined);
    return stats ? `${stats.dev}:${stats.ino}` : '';
  };
  const kept = new Set(await Promise.all(keeps.map(identity)));
  kept.delete('');
  return async path => {
    const [name = ''] = path.split('/');
    return keeps.includes(name) || (kept.size > 0 && kept.has(await identity(name)));
  };
}

interface Placing {
  readonly folder: string;
  /** Those that are known to be folders, not links to some. */
  readonly folders: Set<string>;
  readonly path: string;
  readonly header: Headers;
  readonly contents: Readable;
  /** Of a second name: the first, in the folder. */
  readonly linked: string | undefined;
  /** Called before so many bytes are written that are no contents of this entry. */
  readonly spend: (bytes: number) => void;
}

async function place({ folder, folders, path, header, contents, linked, spend }: Placing): Promise<void> {
  await makeFolder(folder, folders, parentOf(path));
  const target = join(folder, path);
  const mode = (header.mode ?? 0o644) & 0o777;
  switch (header.type) {
    case 'directory':
      await makeFolder(folder, folders, path);
      await chmod(target, mode | 0o700);
      break;
    case 'symlink':
      await clear(target);
      forget(folders, path);
      await symlink(header.linkname ?? '', target);
      break;
    case 'file':
    case 'contiguous-file':
    case undefined:
    case null:
      await clear(target);
      forget(folders, path);
      await pipeline(contents, createWriteStream(target, { flags: 'wx', mode }));
      return;
    case 'link': {
      // Its contents are in the tar under its first name alone. A file of its own: nothing else has two names here.
      if (linked === undefined || linked === path || !folders.has(parentOf(linked))) break;
      const whole = await lookAt(join(folder, linked));
      if (whole?.isFile() !== true) break;
      spend(whole.size);
      await clear(target);
      forget(folders, path);
      await copyFile(join(folder, linked), target, constants.COPYFILE_EXCL);
      break;
    }
    default:
      // Devices and pipes are nobody's work.
      break;
  }
  contents.resume();
}

/** What was a folder is none now, and neither is what was in it. */
function forget(folders: Set<string>, path: string): void {
  if (!folders.has(path)) return;
  folders.clear();
  folders.add('');
}

function parentOf(path: string): string {
  const parent = posix.dirname(path);
  return parent === '.' ? '' : parent;
}

async function makeFolder(folder: string, folders: Set<string>, path: string): Promise<void> {
  if (folders.has(path)) return;
  await makeFolder(folder, folders, parentOf(path));
  const target = join(folder, path);
  const stats = await lookAt(target);
  if (!stats?.isDirectory()) {
    await clear(target);
    await mkdir(target, { mode: 0o755 });
  }
  folders.add(path);
}

async function clear(target: string): Promise<void> {
  await removeWhole(target);
}

/** Puts what came in the place of everything but what is kept. */
async function replace(folder: string, beside: string, keeps: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) if (!keeps.includes(name)) await clear(join(folder, name));
  for (const name of await readdir(beside)) await move(join(beside, name), join(folder, name));
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
  }
}
