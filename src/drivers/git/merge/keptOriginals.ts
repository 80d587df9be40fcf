import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, readlink, rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../../node/systemError.js';
import type { Landing } from '../../../core/merges/landing.js';
import type { WorktreeGit } from '../command/boundGit.js';
import { fileAt } from '../command/gitPath.js';
import type { ChangedPath } from './changedPaths.js';

/**
 * The files that a fast-forward is about to replace, kept beside the index until it is over. Putting a checkout back is
 * then a matter of renames: nothing has to be read from the object store, and no filter runs, which may be what hangs.
 */
export function originalsFolder(checkout: WorktreeGit, landing: Pick<Landing, 'merge'>): string {
  const name = createHash('sha256').update(landing.merge).digest('hex').slice(0, 16);
  return join(checkout.gitDir, `muster-landing-${name}`);
}

/** The place of one path's original: its number in the list of changes, which is the same whenever it is asked for. */
export function originalOf(folder: string, index: number): string {
  return join(folder, String(index));
}

/** Above this a file is linked instead of copied: quick, but git then compares its contents once more. */
const longestCopy = 8 * 1024 * 1024;
const atOnce = 16;

/** Keeps what stands at the paths now. Links to folders and submodules are not files of the checkout. */
export async function keepOriginals(
  checkout: WorktreeGit,
  folder: string,
  changes: readonly ChangedPath[],
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const queue = changes.entries();
  const worker = async (): Promise<void> => {
    for (const [index, { path, before }] of queue) {
      signal.throwIfAborted();
      if (before !== undefined) await keep(fileAt(checkout.workTree, path), originalOf(folder, index));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function keep(from: string | Buffer, to: string): Promise<void> {
  const found = await lstat(from).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  });
  if (found?.isSymbolicLink()) {
    await rm(to, { force: true });
    await symlink(await readlink(from, 'buffer'), to);
  } else if (found?.isFile()) {
    if (found.size > longestCopy && (await linked(from, to))) return;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    await utimes(to, found.atime, found.mtime);
  }
}

/** False where the file system has no hard links, or the git directory is on another one. */
async function linked(from: string | Buffer, to: string): Promise<boolean> {
  await rm(to, { force: true });
  return link(from, to).then(
    () => true,
    () => false,
  );
}
