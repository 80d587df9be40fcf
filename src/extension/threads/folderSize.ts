import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder with more than that is large whatever the exact number. */
const mostEntries = 500_000;

/** What a folder takes on disk, in bytes; links are not followed. What goes away meanwhile counts nothing. */
export async function folderSize(folder: string, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  let entries = 0;
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    try {
      for await (const entry of await opendir(next)) {
        signal.throwIfAborted();
        if (++entries > mostEntries) return bytes;
        const path = join(next, entry.name);
        if (entry.isDirectory()) folders.push(path);
        else bytes += await sizeOf(path);
      }
    } catch {
      // An agent may remove what is being counted.
      signal.throwIfAborted();
    }
  }
  return bytes;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch {
    // Gone since the folder was read.
    return 0;
  }
}
