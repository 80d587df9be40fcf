import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync, type Dirent } from 'node:fs';
import { rm } from 'node:fs/promises';
import { systemCode } from './systemError.js';
import { TimeSlice } from './timeSlice.js';

/**
 * Removes a folder with everything in it that the system lets go, read-only folders included. Answers what is left:
 * `except` (absolute paths, as `binary` text) and what could not be removed.
 */
export async function removeTree(path: string, except: ReadonlySet<string> = new Set()): Promise<Buffer[]> {
  if (except.size === 0) {
    const gone = await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).then(
      () => true,
      () => false,
    );
    if (gone) return [];
  }
  const left: Buffer[] = [];
  await removeFolder(Buffer.from(path), { except, left, slice: new TimeSlice() });
  return left;
}

/** The same for whoever has no use for a part of it. Errors: what is left, by its name. */
export async function removeWhole(path: string): Promise<void> {
  const [left] = await removeTree(path);
  if (left) throw new Error(`${left.toString('utf8')} cannot be removed`);
}

interface Removal {
  readonly except: ReadonlySet<string>;
  readonly left: Buffer[];
  readonly slice: TimeSlice;
}

/** What a program made read-only (module caches of Go, libraries of R) is made writable first, as its owner may. */
async function removeFolder(path: Buffer, removal: Removal): Promise<void> {
  const before = removal.left.length;
  attempt(() => allow(path, 0o700));
  for (const entry of readFolder(path)) {
    await removal.slice.breathe();
    const inner = Buffer.concat([path, separator, entry.name]);
    if (removal.except.has(inner.toString('latin1'))) removal.left.push(inner);
    else if (entry.isDirectory()) await removeFolder(inner, removal);
    else if (!attempt(() => unlinkSync(inner))) removal.left.push(inner);
  }
  if (removal.left.length === before && !attempt(() => rmdirSync(path))) removal.left.push(path);
}

/** The entries of a folder, made readable if its owner forbade it; none of one that nobody lets us look into. */
export function readFolder(path: Buffer): Dirent<Buffer>[] {
  const read = (): Dirent<Buffer>[] => readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
  try {
    return read();
  } catch {
    try {
      allow(path, 0o500);
      return read();
    } catch {
      return [];
    }
  }
}

/** Gives ourselves these permissions on a folder. */
function allow(path: Buffer, wanted: number): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() && (found.mode & wanted) !== wanted) chmodSync(path, (found.mode & 0o7777) | wanted);
}

/** True when it worked, or there was nothing to do it to. */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}

const separator = Buffer.from('/');
