import { chmodSync, lstatSync, type Stats } from 'node:fs';
import { systemCode } from '../../node/systemError.js';

/**
 * Reads a file or a folder also where its mode keeps its owner from that, who this process is: an agent is root where it works, and does
 * not notice what it takes from whoever has its files here. The mode is the same afterwards. Errors: what cannot be read, by its name.
 */
export async function readably<T>(path: string, stats: Stats, read: () => Promise<T>): Promise<T> {
  const wanted = stats.isDirectory() ? 0o500 : 0o400;
  const isKeptFrom = (stats.mode & wanted) !== wanted && stats.uid === process.getuid?.();
  if (isKeptFrom) setMode(path, stats, stats.mode | wanted);
  try {
    return await read();
  } catch (error) {
    if (!refusals.has(systemCode(error) ?? '')) throw error;
    throw new Error(`${path} cannot be read (${systemCode(error)}). Make it readable, or remove it.`, { cause: error });
  } finally {
    if (isKeptFrom) setMode(path, stats, stats.mode);
  }
}

const refusals = new Set(['EACCES', 'EPERM', 'EIO']);

/** Unless something else is there by now. */
function setMode(path: string, { dev, ino }: Stats, mode: number): void {
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (now?.dev === dev && now.ino === ino) chmodSync(path, mode & 0o7777);
}
