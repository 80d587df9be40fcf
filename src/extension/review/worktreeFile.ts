import { constants } from 'node:fs';
import { lstat, mkdir, open, readlink, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { readForeignFile } from '../../node/foreignFile.js';

/** What a review shows of a file; larger ones are for other tools. */
const maxBytes = 50_000_000;

export interface WorktreeFile {
  readonly content: Uint8Array;
  readonly modifiedAt: number;
  /** A link is shown as where it leads, which is also what git compares; it cannot be edited here. */
  readonly isLink: boolean;
}

/** A file of a worktree, which its agent may have exchanged for anything: a link is never followed. Undefined: none there. */
export async function readWorktreeFile(worktree: string, path: string): Promise<WorktreeFile | undefined> {
  const file = await placeIn(worktree, path);
  if (file === undefined) return undefined;
  const found = await readForeignFile(file, { maxBytes });
  if (found.kind === 'file' && !found.truncated) {
    return { content: found.bytes, modifiedAt: found.modifiedAt, isLink: false };
  }
  if (found.kind !== 'refused' || !(await lstat(file)).isSymbolicLink()) return undefined;
  return { content: Buffer.from(await readlink(file)), modifiedAt: 0, isLink: true };
}

/** Writes a file of a worktree; false when something other than a regular file is in its place. */
export async function writeWorktreeFile(worktree: string, path: string, content: Uint8Array): Promise<boolean> {
  await mkdir(dirname(join(worktree, path)), { recursive: true });
  const file = await placeIn(worktree, path);
  if (file === undefined) return false;
  const flags = constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const opened = await open(file, flags, 0o666).catch(() => undefined);
  if (!opened) return false;
  try {
    if (!(await opened.stat()).isFile()) return false;
    await opened.truncate(0);
    await opened.writeFile(content);
    return true;
  } finally {
    await opened.close();
  }
}

/** The path with its folders resolved, if it is still inside the worktree after that. */
async function placeIn(worktree: string, path: string): Promise<string | undefined> {
  const wanted = join(worktree, path);
  const [root, folder] = await Promise.all([
    realpath(worktree).catch(() => undefined),
    realpath(dirname(wanted)).catch(() => undefined),
  ]);
  if (root === undefined || folder === undefined) return undefined;
  const isInside = folder === root || folder.startsWith(root + sep);
  return isInside ? join(folder, wanted.slice(wanted.lastIndexOf(sep) + 1)) : undefined;
}
