import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { systemCode } from './systemError.js';

/** Nothing was found at a path, or nothing that may be read. */
export type NoFile =
  | { readonly kind: 'missing' }
  /** There is something, and it is not a regular file: a link, folder, FIFO, socket or device. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What was found at a path that somebody else (an agent, a repository, another program) may have written. */
export type ForeignFile =
  { readonly kind: 'file'; readonly bytes: Buffer; readonly truncated: boolean; readonly modifiedAt: number } | NoFile;

/** An open file, which whoever asked for it closes. */
export type OpenForeignFile<Handle> = { readonly kind: 'file'; readonly file: Handle; readonly stats: Stats } | NoFile;

/**
 * Reading must never wait for whoever holds the other end of a FIFO, and never follow a link to somewhere else. `lstat` first,
 * because opening a device may already do something; `fstat` after, because the path may have been exchanged in between.
 */
const flags = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Reads at most `maxBytes` of a regular file. Errors: those of the system other than a missing path (`EACCES`, `EIO`). */
export async function readForeignFile(
  path: string | Buffer,
  options: { readonly maxBytes: number },
): Promise<ForeignFile> {
  const opened = await openForeignFile(path);
  if (opened.kind !== 'file') return opened;
  const { file, stats } = opened;
  try {
    const buffer = Buffer.alloc(bufferFor(stats, options.maxBytes));
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return found(buffer.subarray(0, length), options.maxBytes, stats);
  } finally {
    await file.close();
  }
}

/** As {@link readForeignFile}, for small files whose answer somebody is waiting for. */
export function readForeignFileSync(path: string | Buffer, options: { readonly maxBytes: number }): ForeignFile {
  const opened = openForeignFileSync(path);
  if (opened.kind !== 'file') return opened;
  const { file, stats } = opened;
  try {
    const buffer = Buffer.alloc(bufferFor(stats, options.maxBytes));
    let length = 0;
    while (length < buffer.length) {
      const bytesRead = readSync(file, buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return found(buffer.subarray(0, length), options.maxBytes, stats);
  } finally {
    closeSync(file);
  }
}

/** Opens a named pipe both ways, which waits for nobody; `undefined` when there is something else by now, or nothing. */
export function openForeignPipeSync(path: string): number | undefined {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFIFO() !== true) return undefined;
  const file = openSync(path, flags | constants.O_RDWR);
  if (fstatSync(file).isFIFO()) return file;
  closeSync(file);
  return undefined;
}

/**
 * Opens a regular file for reading, or to overwrite parts of it. To be written to it must have one name only: a second one
 * could be a file of the user's, elsewhere. Errors: those of the system other than a missing path.
 */
export async function openForeignFile(
  path: string | Buffer,
  { write = false }: { readonly write?: boolean } = {},
): Promise<OpenForeignFile<FileHandle>> {
  try {
    const reason = refusal(await lstat(path), write);
    if (reason !== undefined) return { kind: 'refused', reason };
    const file = await open(path, flags | (write ? constants.O_RDWR : constants.O_RDONLY));
    const stats = await file.stat();
    const exchanged = refusal(stats, write);
    if (exchanged === undefined) return { kind: 'file', file, stats };
    await file.close();
    return { kind: 'refused', reason: exchanged };
  } catch (error) {
    return notOpened(error);
  }
}

/** As {@link openForeignFile}, for reading what somebody is waiting for. */
export function openForeignFileSync(path: string | Buffer): OpenForeignFile<number> {
  try {
    const reason = refusal(lstatSync(path));
    if (reason !== undefined) return { kind: 'refused', reason };
    const file = openSync(path, flags | constants.O_RDONLY);
    const stats = fstatSync(file);
    const exchanged = refusal(stats);
    if (exchanged === undefined) return { kind: 'file', file, stats };
    closeSync(file);
    return { kind: 'refused', reason: exchanged };
  } catch (error) {
    return notOpened(error);
  }
}

/** One byte more than is wanted, to see that there is more; /proc tells no sizes. */
function bufferFor(stats: Stats, maxBytes: number): number {
  return (stats.size === 0 ? maxBytes : Math.min(stats.size, maxBytes)) + 1;
}

function found(bytes: Buffer, maxBytes: number, stats: Stats): ForeignFile {
  const truncated = bytes.length > maxBytes;
  return {
    kind: 'file',
    bytes: truncated ? bytes.subarray(0, maxBytes) : bytes,
    truncated,
    modifiedAt: Math.round(stats.mtimeMs),
  };
}

function notOpened(error: unknown): NoFile {
  const code = systemCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
  // Exchanged for a link or a socket between the look and the opening.
  if (code === 'ELOOP' || code === 'ENXIO') return { kind: 'refused', reason: 'it is not a regular file' };
  throw error;
}

/** Why this is not opened, in words that follow "because"; undefined for a regular file. */
function refusal(stats: Stats, write = false): string | undefined {
  if (stats.isFile()) return write && stats.nlink > 1 ? 'it has a second name' : undefined;
  if (stats.isSymbolicLink()) return 'it is a symbolic link';
  if (stats.isDirectory()) return 'it is a folder';
  if (stats.isFIFO()) return 'it is a named pipe';
  if (stats.isSocket()) return 'it is a socket';
  return 'it is a device';
}
