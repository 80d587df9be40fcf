import { readdir } from 'node:fs/promises';
import { isAppError } from '../../../base/errors.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { branchNames } from './branchName.js';
import { removeLoneBranch } from './leftoverWorktree.js';
import { registeredAt } from './openWorktree.js';
import { listWorktrees } from './worktreeList.js';

/** Undoes the making of a worktree, however far it came. Nobody has worked in it: a run starts when it is written down. */
export async function undoCreate(context: GitContext, worktree: WorktreeRef): Promise<void> {
  const { clock, files } = context;
  const repository = await openRepository(context, worktree);
  const { commonDir } = repository;
  await withRepositoryLock({ commonDir, clock }, async () => {
    const gitDir = await registeredAt(commonDir, worktree.path);
    // Git makes the folder first; what was there before Muster came, and is more than that, is not Muster's.
    if (gitDir !== undefined || (await isBarely(worktree.path))) await files.removeTree(worktree.path);
    if (gitDir !== undefined) await files.removeTree(gitDir);
    const checkedOut = new Set((await listWorktrees(repository)).map(({ ref }) => ref));
    // Which of the names there was room for is not written down before it is made.
    for (const branch of branchNames(worktree.branch)) {
      if (checkedOut.has(`refs/heads/${branch}`)) continue;
      await removeLoneBranch(repository, { ...worktree, branch }).catch((error: unknown) => {
        // It has commits that nothing else has, so that it is not what was being made.
        if (!isAppError(error, 'worktree.failed')) throw error;
      });
    }
  });
}

/** True for a folder that has nothing but what `git worktree add` begins with. */
async function isBarely(path: string): Promise<boolean> {
  // A folder that cannot be read may have anything in it.
  const names = await readdir(path).catch(() => ['unreadable']);
  return names.every(name => name === '.git');
}
