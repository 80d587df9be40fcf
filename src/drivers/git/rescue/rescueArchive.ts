import { chmodSync, closeSync, constants, createReadStream, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { systemCode } from '../../../node/systemError.js';
import type { FileOperations } from '../worktree/fileOperations.js';
import { TimeSlice } from '../../../node/timeSlice.js';
import { tarEnd, tarHeader, tarPadding, TarReader, type TarEntry } from './tarFormat.js';
import { bytesOf } from './worktreeFiles.js';

/** Files that lie together on disk and in the archive: `files/.env` is the worktree's `.env`. */
export interface ArchivedFolder {
  readonly name: string;
  readonly root: string;
  readonly entries: readonly TarEntry[];
}

/** Files up to this size are read at once. */
const smallBytes = 128 * 1024;
const chunkBytes = 256 * 1024;
/** Most of what is kept is small; more than the fastest level saves little and costs most of the time. */
const compression = { level: 1 };

/** Writes the archive, 0600, complete or not at all. Answers the files that nobody lets us read, as `<name>/<path>`. */
export async function writeArchive(
  files: FileOperations,
  archive: string,
  folders: readonly ArchivedFolder[],
): Promise<readonly string[]> {
  await files.makeFolder(dirname(archive), 0o700);
  const unfinished = `${archive}.new`;
  await files.removeFile(unfinished);
  const target = await files.create(unfinished, 0o600);
  const unreadable: string[] = [];
  try {
    const out = target.createWriteStream({ flush: true });
    await pipeline(Readable.from(tarBytes(folders, unreadable)), createGzip(compression), out);
    await files.rename(unfinished, archive);
  } catch (error) {
    // What went wrong is thrown below; a stream that ended by itself has closed it already.
    await target.close().catch(() => undefined);
    await files.removeFile(unfinished);
    throw error;
  }
  return unreadable;
}

async function* tarBytes(folders: readonly ArchivedFolder[], unreadable: string[]): AsyncGenerator<Buffer> {
  const slice = new TimeSlice();
  let pieces: Buffer[] = [];
  let size = 0;
  const add = (...bytes: readonly Buffer[]): void => {
    for (const piece of bytes) {
      pieces.push(piece);
      size += piece.length;
    }
  };
  const take = (): Buffer => {
    const chunk = Buffer.concat(pieces);
    pieces = [];
    size = 0;
    return chunk;
  };
  for (const { name, root, entries } of folders) {
    for (const entry of entries) {
      await slice.breathe();
      const path = `${name}/${entry.path}`;
      if (entry.kind !== 'file') add(tarHeader({ ...entry, path }));
      else {
        const file = openForReading(bytesOf(root, entry.path));
        if (file === undefined) unreadable.push(path);
        else {
          try {
            // The size may have changed since the file was listed; header and bytes must agree.
            add(tarHeader({ ...entry, path, size: file.size }));
            for (let at = 0; at < file.size;) {
              const piece = readPiece(file.descriptor, at, Math.min(smallBytes, file.size - at));
              add(piece);
              at += piece.length;
              if (size >= chunkBytes) yield take();
              await slice.breathe();
            }
            add(tarPadding(file.size));
          } finally {
            closeSync(file.descriptor);
          }
        }
      }
      if (size >= chunkBytes) yield take();
    }
  }
  add(tarEnd);
  yield take();
}

interface OpenFile {
  readonly descriptor: number;
  readonly size: number;
}

/** A regular file, made readable if its owner forbade it; undefined when nobody lets us read it, or it is another kind by now. */
function openForReading(path: Buffer): OpenFile | undefined {
  const open = (): number =>
    openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  let descriptor: number;
  try {
    descriptor = open();
  } catch (error) {
    if (systemCode(error) !== 'EACCES') return undefined;
    try {
      const { mode } = lstatSync(path);
      chmodSync(path, (mode & 0o7777) | 0o400);
      descriptor = open();
    } catch {
      return undefined;
    }
  }
  const stats = fstatSync(descriptor);
  if (stats.isFile()) return { descriptor, size: stats.size };
  closeSync(descriptor);
  return undefined;
}

/** Zeros stand for what somebody cut off meanwhile. */
function readPiece(descriptor: number, position: number, length: number): Buffer {
  const piece = Buffer.alloc(length);
  for (let read = 0; read < length;) {
    const count = readSync(descriptor, piece, read, length - read, position + read);
    if (count === 0) break;
    read += count;
  }
  return piece;
}

/** Where files of an archive go, and whether they take the place of what is there. */
export interface ExtractionRoot {
  readonly root: string;
  readonly replaces: boolean;
}

/** By the name of the archive's folder; or one place for all, for an archive without such folders. */
export type ExtractionRoots =
  { readonly folders: ReadonlyMap<string, ExtractionRoot> } | { readonly everything: ExtractionRoot };

/**
 * Writes an archive's files to their places. Folders of other names are left out, and nothing is written outside of a
 * root, also not through a link. Errors: those of the system.
 */
export async function extractArchive(files: FileOperations, archive: string, roots: ExtractionRoots): Promise<void> {
  const reader = new TarReader();
  const extraction = new Extraction(files, roots);
  try {
    await pipeline(createReadStream(archive), createGunzip(), async chunks => {
      for await (const chunk of chunks) {
        if (!Buffer.isBuffer(chunk)) continue;
        for (const part of reader.push(chunk)) {
          if ('data' in part) await extraction.data(part.data);
          else await extraction.begin(part.entry);
        }
      }
      reader.end();
    });
    await extraction.finish();
  } finally {
    await extraction.dispose();
  }
}

/** Takes the entries and bytes of an archive as they come. */
class Extraction {
  readonly #files: FileOperations;
  readonly #roots: ExtractionRoots;
  readonly #slice = new TimeSlice();
  /** Folders that are known to be real and inside their root. */
  readonly #inside = new Map<string, boolean>();
  readonly #modes: { readonly path: Buffer; readonly mode: number }[] = [];
  #small:
    { readonly path: Buffer; readonly mode: number; readonly size: number; pieces: Buffer[]; have: number } | undefined;
  #large: FileHandle | undefined;

  constructor(files: FileOperations, roots: ExtractionRoots) {
    this.#files = files;
    this.#roots = roots;
  }

  async begin(entry: TarEntry): Promise<void> {
    await this.dispose();
    await this.#slice.breathe();
    const place = this.#placeOf(entry.path);
    if (place === undefined || !isPlain(place.path)) return;
    const { root, path, replaces } = place;
    const parent = entry.kind === 'folder' ? path : parentOf(path);
    if (!(await this.#isInside(root, parent))) return;
    const file = bytesOf(root, path);
    if (entry.kind === 'folder') {
      await this.#files.setMode(file, (entry.mode & 0o7777) | 0o700);
      // Read-only ones become so when all files are in them.
      if ((entry.mode & 0o700) !== 0o700) this.#modes.push({ path: file, mode: entry.mode & 0o7777 });
    } else if (await this.#isFree(file, replaces)) {
      if (entry.kind === 'link') await this.#files.link(file, Buffer.from(entry.target ?? '', 'latin1'));
      else if (entry.size > smallBytes) this.#large = await this.#files.create(file, entry.mode);
      else if (entry.size === 0) await this.#files.writeNew(file, Buffer.alloc(0), entry.mode);
      else this.#small = { path: file, mode: entry.mode, size: entry.size, pieces: [], have: 0 };
    }
  }

  async data(bytes: Buffer): Promise<void> {
    if (this.#large) {
      for (let at = 0; at < bytes.length;) at += (await this.#large.write(bytes, at)).bytesWritten;
      return;
    }
    const small = this.#small;
    if (!small) return;
    // A copy: the bytes belong to the stream.
    small.pieces.push(Buffer.from(bytes));
    small.have += bytes.length;
    if (small.have < small.size) return;
    this.#small = undefined;
    await this.#files.writeNew(small.path, Buffer.concat(small.pieces), small.mode);
  }

  #placeOf(path: string): (ExtractionRoot & { readonly path: string }) | undefined {
    if ('everything' in this.#roots) return { ...this.#roots.everything, path };
    const slash = path.indexOf('/');
    const place = this.#roots.folders.get(path.slice(0, Math.max(0, slash)));
    return place && { ...place, path: path.slice(slash + 1) };
  }

  async #isFree(file: Buffer, replaces: boolean): Promise<boolean> {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined) return true;
    if (!replaces || found.isDirectory()) return false;
    await this.#files.removeFile(file);
    return true;
  }

  /** Gives read-only folders their modes back, innermost first. */
  async finish(): Promise<void> {
    await this.dispose();
    for (const { path, mode } of this.#modes.toReversed()) await this.#files.setMode(path, mode);
  }

  async dispose(): Promise<void> {
    const open = this.#large;
    this.#large = undefined;
    this.#small = undefined;
    await open?.close();
  }

  /** Makes a folder level by level: one that exists must be a folder itself, so that no link leads elsewhere. */
  async #isInside(root: string, folder: string): Promise<boolean> {
    const key = `${root}\0${folder}`;
    const known = this.#inside.get(key);
    if (known !== undefined) return known;
    const above = folder === '' || (await this.#isInside(root, parentOf(folder)));
    const inside = above && (await this.#isFolder(bytesOf(root, folder)));
    this.#inside.set(key, inside);
    return inside;
  }

  async #isFolder(path: Buffer): Promise<boolean> {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined) return found.isDirectory();
    await this.#files.makeFolder(path);
    return true;
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function isPlain(path: string): boolean {
  if (process.platform === 'win32' && /[\\:]/.test(path)) return false;
  return path !== '' && path.split('/').every(segment => segment !== '' && segment !== '.' && segment !== '..');
}
