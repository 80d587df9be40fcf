import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readlink, realpath, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { errorMessage } from '../../../base/errors.js';
import { isInside } from '../../../node/isInside.js';
import { systemCode } from '../../../node/systemError.js';
import type { GitContext } from '../command/gitContext.js';
import { quietly } from '../command/boundGit.js';
import { fileAt } from '../command/gitPath.js';
import { lookAt } from '../../../node/looks.js';

/** What people list in the repository itself, one pattern a line, as in `.gitignore`. */
const includeFile = '.worktreeinclude';
/** A list of files for agents is short; dependencies are installed, not copied. */
const maxFiles = 10_000;
const maxBytes = 512 * 1024 * 1024;
const atOnce = 16;

/** Where files are copied from and to. */
export interface Bringing {
  /** The person's checkout. */
  readonly root: string;
  /** The new worktree, in which no agent has worked yet. */
  readonly worktree: string;
  readonly patterns: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Copies files that git does not track (`.env`, local settings) from the person's checkout into a new worktree: those that the
 * patterns and `.worktreeinclude` name. Tracked files stay as the base has them. Returns a note when something was left out.
 */
export async function bringFiles(
  context: GitContext,
  { root, worktree, patterns, signal }: Bringing,
): Promise<string | undefined> {
  const lists = (await isSmallFile(join(root, includeFile))) ? [`--exclude-from=${includeFile}`] : [];
  const named = patterns.map(pattern => `--exclude=${pattern}`);
  if (lists.length + named.length === 0) return undefined;
  try {
    const args = ['ls-files', '-z', '--others', '--ignored', ...lists, ...named];
    const paths = (await context.git.run({ cwd: root, config: quietly, args, reads: true, signal })).fields();
    return await copyAll({ root, worktree, paths: paths.filter(path => path !== ''), signal });
  } catch (error) {
    signal.throwIfAborted();
    context.log.warn('Untracked files could not be copied into a worktree', { worktree, reason: errorMessage(error) });
    return `The files that git does not track could not be copied into the worktree: ${errorMessage(error)}`;
  }
}

interface Copying {
  readonly root: string;
  readonly worktree: string;
  readonly paths: readonly string[];
  readonly signal: AbortSignal;
}

async function copyAll({ root, worktree, paths, signal }: Copying): Promise<string | undefined> {
  const left: string[] = [];
  const top = await realpath(worktree);
  let bytes = 0;
  const copyOne = async (path: string): Promise<void> => {
    const from = fileAt(root, path);
    const { size } = await lstat(from);
    bytes += size;
    const copied = bytes <= maxBytes && (await copy(from, { to: fileAt(worktree, path), top }));
    if (!copied) left.push(path);
  };
  const wanted = paths.slice(0, maxFiles);
  for (let start = 0; start < wanted.length; start += atOnce) {
    signal.throwIfAborted();
    const block = wanted.slice(start, start + atOnce);
    const results = await Promise.allSettled(block.map(copyOne));
    results.forEach((result, index) => {
      if (result.status === 'rejected') left.push(block[index] ?? '');
    });
  }
  left.push(...paths.slice(maxFiles));
  if (left.length === 0) return undefined;
  const shown = left.slice(0, 3).join(', ') + (left.length > 3 ? ` and ${left.length - 3} more` : '');
  return `Not copied from your checkout: ${shown}. Only files and links are, never over others, and at most ${maxFiles} of them or 512 MB.`;
}

/** False for what is no file or link, is there already, or would land outside of the worktree by a link that git tracks. */
async function copy(
  from: string | Buffer,
  { to, top }: { readonly to: string | Buffer; readonly top: string },
): Promise<boolean> {
  const target = to.toString();
  const folder = dirname(target);
  if (!(await staysInside(folder, top))) return false;
  await mkdir(folder, { recursive: true });
  const kind = await lstat(from);
  try {
    if (kind.isSymbolicLink()) await symlink(await readlink(from), to);
    else if (kind.isFile()) await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    else return false;
    return true;
  } catch (error) {
    // A tracked file of the base has the name: it stays.
    if (systemCode(error) === 'EEXIST') return true;
    throw error;
  }
}

/** The closest folder above that exists decides where the new ones come to be. */
async function staysInside(folder: string, top: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    // Not there yet: the one above it decides.
    const real = await realpath(at).catch(() => undefined);
    if (real !== undefined) return isInside(top, real);
    if (relative(top, at) === '' || at === dirname(at)) return false;
  }
}

async function isSmallFile(path: string): Promise<boolean> {
  const found = await lookAt(path);
  return found !== undefined && found.isFile() && found.size <= 64 * 1024;
}
