import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { systemCode } from './systemError.js';

/** What was found at a path that somebody else (an agent, a repository, another program) may have written. */
export type ForeignFile =
  | { readonly kind: 'file'; readonly bytes: Buffer; readonly truncated: boolean; readonly modifiedAt: number }
  | { readonly kind: 'missing' }
  /** There is something, and it is not a regular file: a link, folder, FIFO, socket or device. */
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Reading must never wait for whoever holds the other end of a FIFO, and never follow a link to somewhere else. `lstat` first,
 * because opening a device may already do something; `fstat` after, because the path may have been exchanged in between.
 */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Reads at most `maxBytes` of a regular file. Errors: those of the system other than a missing path (`EACCES`, `EIO`). */
export async function readForeignFile(
  path: string | Buffer,
  options: { readonly maxBytes: number },
): Promise<ForeignFile> {
  try {
    const reason = refusal(await lstat(path));
    if (reason !== undefined) return { kind: 'refused', reason };
    const file = await open(path, flags);
    try {
      const stats = await file.stat();
      const exchanged = refusal(stats);
      if (exchanged !== undefined) return { kind: 'refused', reason: exchanged };
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
  } catch (error) {
    return notRead(error);
  }
}

/** As {@link readForeignFile}, for small files whose answer somebody is waiting for. */
export function readForeignFileSync(path: string | Buffer, options: { readonly maxBytes: number }): ForeignFile {
  try {
    const reason = refusal(lstatSync(path));
    if (reason !== undefined) return { kind: 'refused', reason };
    const file = openSync(path, flags);
    try {
      const stats = fstatSync(file);
      const exchanged = refusal(stats);
      if (exchanged !== undefined) return { kind: 'refused', reason: exchanged };
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
  } catch (error) {
    return notRead(error);
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

function notRead(error: unknown): ForeignFile {
  const code = systemCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
  // Exchanged for a link or a socket between the look and the opening.
  if (code === 'ELOOP' || code === 'ENXIO') return { kind: 'refused', reason: 'it is not a regular file' };
  throw error;
}

/** Why this is not read, in words that follow "because"; undefined for a regular file. */
function refusal(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isSymbolicLink()) return 'it is a symbolic link';
  if (stats.isDirectory()) return 'it is a folder';
  if (stats.isFIFO()) return 'it is a named pipe';
  if (stats.isSocket()) return 'it is a socket';
  return 'it is a device';
}
