import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readdir, readlink, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../node/systemError.js';
import { readably } from './readable.js';

export interface Copying {
  readonly signal: AbortSignal;
  /** By the path that is copied; missing: everything. */
  readonly isWanted?: (path: string) => boolean;
}

/**
 * Copies files, folders and links as they are, without what is behind links; pipes and sockets are nobody's work, and what somebody
 * removes meanwhile is gone. Where a disk can, a file is copied when something is written. Errors: the signal's reason; what cannot be
 * read, by its name.
 */
export async function copyTree(from: string, to: string, copying: Copying): Promise<void> {
  const { signal, isWanted = () => true } = copying;
  signal.throwIfAborted();
  if (!isWanted(from)) return;
  const stats = await unlessGone(lstat(from));
  if (stats?.isSymbolicLink()) {
    const target = await unlessGone(readlink(from));
    if (target !== undefined) await symlink(target, to);
  } else if (stats?.isDirectory()) {
    await mkdir(to, { recursive: true });
    await readably(from, stats, async () => {
      for (const name of (await unlessGone(readdir(from))) ?? [])
        await copyTree(join(from, name), join(to, name), copying);
    });
    await utimes(to, stats.atime, stats.mtime);
    await chmod(to, stats.mode & 0o7777);
  } else if (stats?.isFile()) {
    const copied = await unlessGone(
      readably(from, stats, async () => {
        await copyFile(from, to, constants.COPYFILE_FICLONE);
        return true;
      }),
    );
    if (!copied) return;
    await utimes(to, stats.atime, stats.mtime);
    await chmod(to, stats.mode & 0o7777);
  }
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  return await work.catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}
