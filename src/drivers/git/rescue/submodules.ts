import { lstatSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { Rescue } from '../../../core/workspaces/rescue.js';
import { isInside } from '../../../node/isInside.js';
import type { WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { binary, binaryPath, fileAt, pathBytes } from '../command/gitPath.js';
import { bytesOf, isRealFolder } from './worktreeFiles.js';
import { lookInto } from '../../../node/looks.js';

/** `gitdir: ` and a path: no system has longer ones. */
const longestLink = 8192;

/**
 * Which of the repositories inside a worktree are submodules that were set up in it: their `.git` is a link to a directory
 * below the worktree's own git directory, where their commits live. Links to anywhere else are not followed.
 */
export async function findSubmodules(git: WorktreeGit, nested: readonly string[]): Promise<Rescue['submodules']> {
  const modules = join(git.gitDir, 'modules');
  const found: { path: string; directory: string }[] = [];
  for (const path of nested) {
    const link = Buffer.concat([bytesOf(git.workTree, path), Buffer.from('/.git')]);
    const file = await lookInto(link, { maxBytes: longestLink });
    const text = file?.kind === 'file' ? file.bytes.toString('utf8').trimEnd() : '';
    if (!text.startsWith('gitdir: ')) continue;
    // Relative links count from where the worktree was; only their end tells which one is meant.
    const target = text.slice('gitdir: '.length);
    const marker = `${sep}modules${sep}`;
    const at = resolve('/', target).indexOf(`${sep}worktrees${sep}`);
    const inner = at < 0 ? -1 : resolve('/', target).indexOf(marker, at);
    if (inner < 0) continue;
    const directory = resolve('/', target).slice(inner + marker.length);
    const place = resolve(modules, directory);
    if (place !== modules && isInside(modules, place)) found.push({ path: binaryPath(path), directory });
  }
  return found;
}

/** Ties submodules that were brought back to their git directories, which may have another place by now. */
export async function tieSubmodules(
  { files, git, log }: GitContext,
  worktree: WorktreeGit,
  submodules: Rescue['submodules'],
): Promise<void> {
  for (const { path, directory } of submodules) {
    const gitDir = join(worktree.gitDir, 'modules', directory);
    const config = join(gitDir, 'config');
    // What is written goes to no place that a link leads to.
    const isReal =
      isRealFolder(worktree.workTree, binary(pathBytes(path))) &&
      isRealFolder(worktree.gitDir, binary(pathBytes(`modules/${directory}`))) &&
      lstatSync(config, { throwIfNoEntry: false })?.isFile() === true;
    if (!isReal) {
      log.warn('A submodule was brought back without its git directory', { path });
      continue;
    }
    const folder = fileAt(worktree.workTree, path);
    await files.write(Buffer.concat([Buffer.from(folder), Buffer.from('/.git')]), `gitdir: ${gitDir}\n`);
    const args = ['config', '--file', config, 'core.worktree', folder.toString()];
    await git.run({ cwd: worktree.gitDir, args });
  }
}
