import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitContext } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { sweepLockLeftovers, withRepositoryLock } from '../repository/repositoryLock.js';
import { registeredAt } from '../worktree/openWorktree.js';
import { listWorktrees } from '../worktree/worktreeList.js';

/** How versions before the database had removals set a folder aside, and why its worktree was locked. */
const earlier = { suffix: '.removing', reason: 'Muster is removing this worktree' } as const;

/** Puts back what a killed host of an earlier version had set aside, and clears away the locks of killed waiters. */
export async function sweepRepository(context: GitContext, folder: string): Promise<void> {
  const { clock, files } = context;
  const repository = await openRepository(context, { repository: folder });
  const { commonDir } = repository;
  await withRepositoryLock({ commonDir, clock }, async () => {
    await sweepLockLeftovers(commonDir, clock);
    for (const { path, locked } of await listWorktrees(repository)) {
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
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}
