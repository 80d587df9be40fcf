import { lstat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { shortBranch } from '../repository/inspectRepository.js';
import { sweepLockLeftovers, withRepositoryLock } from '../repository/repositoryLock.js';
import { unfinishedReason } from '../worktree/leftoverWorktree.js';
import { registeredAt } from '../worktree/openWorktree.js';
import { undoCreate } from '../worktree/undoCreate.js';
import { listWorktrees } from '../worktree/worktreeList.js';
import { lookAt } from '../../../node/looks.js';

/** A worktree takes seconds to make, minutes with large files; one that is this old has nobody who makes it. */
const halfMadeMs = 6 * 60 * 60_000;

/** How versions before the database had removals set a folder aside, and why its worktree was locked. */
const earlier = { suffix: '.removing', reason: 'Muster is removing this worktree' } as const;

/**
 * Puts back what a killed host of an earlier version had set aside, and clears away the locks of killed waiters and the
 * worktrees below the state directory that such a host had not finished making.
 */
export async function sweepRepository(context: GitContext, folder: string): Promise<void> {
  const { clock, files } = context;
  const repository = await openRepository(context, { repository: folder });
  const { commonDir } = repository;
  const halfMade: WorktreeRef[] = [];
  await withRepositoryLock({ commonDir, clock }, async () => {
    await sweepLockLeftovers(commonDir, clock);
    for (const { path, ref, locked, prunable } of await listWorktrees(repository)) {
      // Its folder was removed by the sweep of verified merges.
      if (prunable && path.startsWith(join(context.stateDir, 'verify') + sep)) {
        const left = await registeredAt(commonDir, path);
        if (left !== undefined) await files.removeTree(left);
      }
      if (locked === unfinishedReason)
        halfMade.push({ repository: folder, path, branch: shortBranch(ref ?? '') ?? '' });
      if (locked !== earlier.reason) continue;
      const aside = path + earlier.suffix;
      if (await isFolder(aside)) {
        if (await isFolder(path)) continue;
        await files.rename(aside, path);
      }
      const gitDir = await registeredAt(commonDir, path);
      if (gitDir !== undefined) await files.removeFile(join(gitDir, 'locked'));
    }
  });
  for (const worktree of halfMade)
    if (await isAbandoned(context, commonDir, worktree)) await undoCreate(context, worktree);
}

/** Ours, and so old that nobody can be making it any more; what is being made now is written down and has its own way. */
async function isAbandoned(
  { stateDir, clock }: GitContext,
  commonDir: string,
  { path }: WorktreeRef,
): Promise<boolean> {
  if (!path.startsWith(join(stateDir, 'worktrees') + sep)) return false;
  const gitDir = await registeredAt(commonDir, path);
  const lock = gitDir === undefined ? undefined : await lookAt(join(gitDir, 'locked'));
  return lock !== undefined && clock.now() - lock.mtimeMs > halfMadeMs;
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}
