import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, errorMessage, isAnyAppError } from '../../../base/errors.js';
import type { Rescue } from '../../../core/workspaces/rescue.js';
import type { RestoredWorktree, WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { Restoration } from '../../../core/workspaces/worktreeOperation.js';
import { WorktreeGit, type RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { isRepositoryGone, openRepository } from '../repository/openRepository.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { noteMade } from '../worktree/madeFiles.js';
import { unfinishedReason } from '../worktree/leftoverWorktree.js';
import { registeredAt } from '../worktree/openWorktree.js';
import { worktreeMissing } from '../worktree/worktreeStatus.js';
import { dropBranch } from './clearWorktree.js';
import { withEmptyIndex } from './keepWork.js';
import { extractArchive } from './rescueArchive.js';
import { archiveFolders, archivePath, earlierPlaces, isFile } from './rescuePlace.js';
import { tieSubmodules } from './submodules.js';

/** Looks whether a rescue can be brought back to a place, before anything is made there. */
export async function checkRestore(
  context: GitContext,
  rescue: Rescue,
  target: WorktreeRef,
): Promise<{ readonly hadBranch: boolean }> {
  if (rescue.commit === '' || (await isRepositoryGone(target))) {
    throw new AppError(
      'rescue.unknown',
      `The repository ${rescue.repository} was deleted, so that there is nothing to make a worktree of. The files are in ${archivePath(context, rescue)}.`,
      { rescue: rescue.ref },
    );
  }
  const git = await openRepository(context, target);
  const args = ['cat-file', '-e', `${rescue.commit}^{commit}`];
  if ((await git.run({ args, reads: true, accept: [0, 1, 128] })).exitCode !== 0) {
    throw new AppError(
      'rescue.unknown',
      `The work kept as ${rescue.ref} is not in ${rescue.repository} any more: somebody deleted the ref, and git has cleaned up after it.`,
      { rescue: rescue.ref },
    );
  }
  if (await isThere(target.path)) throw failed(target, 'there is already something at this path. Move it away');
  const ref = `refs/heads/${target.branch}`;
  const found = (
    await git.run({ args: ['rev-parse', '--verify', '--quiet', ref], reads: true, accept: [0, 1] })
  ).text();
  if (found !== '' && found !== rescue.head) {
    throw failed(target, `the branch ${target.branch} exists and has moved on. Rename it`);
  }
  return { hadBranch: found !== '' };
}

/** Makes the worktree again as it was when it was removed. */
export async function restoreWorktree(
  context: GitContext,
  { worktree: target }: Restoration,
  rescue: Rescue,
): Promise<RestoredWorktree> {
  const { clock, files } = context;
  const git = await openRepository(context, target);
  const { commonDir } = git;
  try {
    await files.makeFolder(dirname(target.path));
    await withRepositoryLock({ commonDir, clock }, () => register(context, git, target, rescue.head));
    const gitDir = await registeredAt(commonDir, target.path);
    if (gitDir === undefined) throw worktreeMissing(target.path);
    const worktree = new WorktreeGit(context.git, { repository: git, gitDir, workTree: target.path });
    await restoreWork(worktree, rescue);
    await restoreArchive(context, worktree, rescue);
    await noteMade(context, worktree, rescue.made ?? []);
    await files.removeFile(join(gitDir, 'locked'));
    return { head: rescue.head, commonDir, registeredAs: basename(gitDir) };
  } catch (error) {
    if (isAnyAppError(error) && error.code !== 'git.failed') throw error;
    throw failed(target, errorMessage(error), error);
  }
}

/** Undoes {@link restoreWorktree}, however far it came. Nobody has worked in what it made, and the rescue is untouched. */
export async function undoRestore(
  context: GitContext,
  { worktree: target, hadBranch }: Restoration,
  rescue: Rescue,
): Promise<void> {
  const { clock, files } = context;
  const git = await openRepository(context, target);
  // Before it began nothing was at this path.
  await files.removeTree(target.path);
  await withRepositoryLock({ commonDir: git.commonDir, clock }, async () => {
    const gitDir = await registeredAt(git.commonDir, target.path);
    if (gitDir !== undefined) await files.removeTree(gitDir);
    if (!hadBranch) await dropBranch(git, target.branch, rescue.head);
  });
}

async function register({ files }: GitContext, git: RepositoryGit, target: WorktreeRef, head: string): Promise<void> {
  // Git's record of a worktree whose folder was deleted would keep the path from being used again.
  const stale = await registeredAt(git.commonDir, target.path);
  if (stale !== undefined) await files.removeTree(stale);
  const ref = `refs/heads/${target.branch}`;
  const found = (
    await git.run({ args: ['rev-parse', '--verify', '--quiet', ref], reads: true, accept: [0, 1] })
  ).text();
  if (found === '') {
    await git.run({ args: ['update-ref', '-m', 'muster: restore', ref, head, '0'.repeat(head.length)] });
  }
  const options = ['--quiet', '--no-checkout', '--lock', '--reason', unfinishedReason];
  await git.run({ args: ['worktree', 'add', ...options, '--', target.path, target.branch] });
}

async function restoreWork(git: WorktreeGit, rescue: Rescue): Promise<void> {
  const run = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<unknown> =>
    git.run({ args, ...(env === undefined ? {} : { env }) });
  await run(['reset', '--hard', '--quiet', '--no-recurse-submodules', rescue.head]);
  const { files, index, untracked } = rescue;
  // Staged work that was not changed afterwards is in the index alone, so the files follow the index then.
  const shown = files ?? index;
  if (shown !== undefined) await run(['read-tree', '-m', '-u', rescue.head, shown]);
  if (untracked !== undefined) {
    await withEmptyIndex(git, async env => {
      await run(['read-tree', untracked], env);
      await run(['checkout-index', '--all', '--force', '--quiet'], env);
    });
  }
  if (shown !== undefined) await run(['read-tree', index ?? rescue.head]);
}

async function restoreArchive(context: GitContext, worktree: WorktreeGit, rescue: Rescue): Promise<void> {
  if (!rescue.archived) return;
  const { files } = context;
  const archive = archivePath(context, rescue);
  if (await isFile(archive)) {
    const modules = join(worktree.gitDir, 'modules');
    const replaced = join(worktree.gitDir, replacedName);
    await extractArchive(files, archive, {
      folders: new Map([
        [archiveFolders.work, { root: worktree.workTree, replaces: true }],
        [archiveFolders.files, { root: worktree.workTree, replaces: false }],
        [archiveFolders.modules, { root: modules, replaces: false }],
        [archiveFolders.git, { root: replaced, replaces: false }],
      ]),
    });
    await tieSubmodules(context, worktree, rescue.submodules);
    return;
  }
  const { archive: earlier } = earlierPlaces(context, rescue.ref);
  if (await isFile(earlier)) {
    await extractArchive(files, earlier, { everything: { root: worktree.workTree, replaces: false } });
  } else context.log.warn('The archive of a rescue is gone', { rescue: rescue.id, archive });
}

/** Where a repository that the agent made in place of its own `.git` is found again, in the worktree's git directory. */
const replacedName = 'muster-replaced.git';

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function failed({ path }: WorktreeRef, reason: string, cause?: unknown): AppError<'worktree.failed'> {
  return new AppError(
    'worktree.failed',
    `The worktree ${path} could not be brought back: ${reason}. Its kept work is untouched.`,
    { path, reason },
    { cause },
  );
}
