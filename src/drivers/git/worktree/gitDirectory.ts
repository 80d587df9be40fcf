import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { readForeignFile } from '../../../node/foreignFile.js';

/** `gitdir: ` and a path: no system has longer ones. */
const longestLink = 8192;

/** The git directory of one worktree (`.git`, or `.git/worktrees/<name>`), read without a git process; undefined if there is none. */
export async function gitDirectoryOf(worktree: string): Promise<string | undefined> {
  const dotGit = join(worktree, '.git');
  const found = await stat(dotGit).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isDirectory()) return dotGit;
  const file = await readForeignFile(dotGit, { maxBytes: longestLink }).catch(() => undefined);
  if (file?.kind !== 'file') return undefined;
  const text = file.bytes.toString('utf8');
  if (!text.startsWith('gitdir: ')) return undefined;
  const target = text.slice('gitdir: '.length).replace(/[\r\n]+$/, '');
  return isAbsolute(target) ? target : resolve(worktree, target);
}

/** True if both name the same place, links resolved. */
export async function isSamePath(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [realA, realB] = await Promise.all([realpath(a).catch(() => a), realpath(b).catch(() => b)]);
  return realA === realB;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
