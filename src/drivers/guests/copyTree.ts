import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readlink, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { inHeld, readably, unlessGone, withHeldPath, type HeldPath, type Place } from './heldPath.js';

export interface Copying {
  readonly signal: AbortSignal;
  /** By the path that is copied; missing: everything. */
  readonly isWanted?: (path: string) => boolean;
}

/**
 * Copies files, folders and links as they are, without what is behind links, also those that somebody puts there meanwhile; pipes and
 * sockets are nobody's work, and what somebody removes meanwhile is gone. Where a disk can, a file is copied when something is written.
 * Errors: the signal's reason; what cannot be read, by its name.
 */
export async function copyTree(from: string, to: string, copying: Copying): Promise<void> {
  await copyPath({ at: from, path: from }, to, copying);
}

async function copyPath(from: Place, to: string, copying: Copying): Promise<void> {
  const { signal, isWanted = () => true } = copying;
  signal.throwIfAborted();
  if (!isWanted(from.path)) return;
  await withHeldPath(from, async found => {
    if (found.stats.isSymbolicLink()) {
      // What is held is the link; its text is read by its name.
      const target = await unlessGone(readlink(from.at));
      if (target !== undefined) await symlink(target, to);
    } else if (found.stats.isDirectory()) {
      await mkdir(to, { recursive: true });
      await readably(found, async () => {
        for (const name of (await unlessGone(readdir(found.at))) ?? [])
          await copyPath(inHeld(found, name), join(to, name), copying);
      });
      await copyLooks(found, to);
    } else if (found.stats.isFile()) {
      const copy = async (): Promise<true> => {
        await copyFile(found.at, to, constants.COPYFILE_FICLONE);
        return true;
      };
      if (await unlessGone(readably(found, copy))) await copyLooks(found, to);
    }
  });
}

async function copyLooks({ stats }: HeldPath, to: string): Promise<void> {
  await utimes(to, stats.atime, stats.mtime);
  await chmod(to, stats.mode & 0o7777);
}
