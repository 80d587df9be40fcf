import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { JsonFields } from '../../../base/jsonFields.js';
import { readForeignFile } from '../../../node/foreignFile.js';
import type { WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { fileAt, pathText } from '../command/gitPath.js';

/** In the worktree's git directory. An agent that changes it decides no more than what of its own work is left out. */
const fileName = 'muster-made.json';
const longestList = 4 * 1024 * 1024;
/** Beyond that many files their folders are noted, and what is in those is not looked at one by one. */
const mostFiles = 1_000;

/** Something untracked that was in a worktree before its agent was: a file as it was, or a whole folder (ends in `/`). */
export interface MadeEntry {
  readonly path: string;
  readonly stamp: string;
}

/** What git neither tracks nor ignores in a worktree that no agent has worked in: a hook's. */
export async function untrackedIn(git: WorktreeGit, signal?: AbortSignal): Promise<readonly string[]> {
  const list = async (...more: readonly string[]): Promise<readonly string[]> => {
    const args = ['ls-files', '--others', '--exclude-standard', ...more, '-z'];
    return (await git.run({ args, reads: true, signal })).records().map(pathText);
  };
  const files = await list();
  return files.length > mostFiles ? await list('--directory', '--no-empty-directory') : files;
}

/** Notes such paths as they are now, so that they are not taken for an agent's work as long as it leaves them alone. */
export async function noteMade({ files }: GitContext, git: WorktreeGit, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const made = await Promise.all(paths.map(async path => ({ path, stamp: await stampOf(git, path) })));
  await files.write(join(git.gitDir, fileName), JSON.stringify({ made }));
}

/** What was noted and is still as it was. */
export async function stillMade(git: WorktreeGit): Promise<readonly MadeEntry[]> {
  // Without a readable list everything counts as the agent's work, which hides nothing.
  const file = await readForeignFile(join(git.gitDir, fileName), { maxBytes: longestList }).catch(() => undefined);
  if (file?.kind !== 'file' || file.truncated) return [];
  let noted: readonly JsonFields[];
  try {
    noted = JsonFields.parse(file.bytes.toString('utf8')).list('made');
  } catch {
    return [];
  }
  const entries = noted.map(each => ({ path: each.text('path') ?? '', stamp: each.text('stamp') ?? '' }));
  const same = await Promise.all(
    entries.map(async ({ path, stamp }) => path !== '' && (await stampOf(git, path)) === stamp),
  );
  return entries.filter((_, at) => same[at]);
}

/** True for a path that one of the entries is, or is the folder of. */
export function isMade(path: string, entries: readonly MadeEntry[]): boolean {
  return entries.some(({ path: made }) => made === path || (made.endsWith('/') && path.startsWith(made)));
}

/** Size, time and number of a file or link; a folder is a folder. */
async function stampOf({ workTree }: WorktreeGit, path: string): Promise<string> {
  // Gone: it is no longer what was made.
  const found = await lstat(fileAt(workTree, path), { bigint: true }).catch(() => undefined);
  if (found === undefined) return 'gone';
  return found.isDirectory() ? 'folder' : `${found.ino}:${found.size}:${found.mtimeNs}`;
}
