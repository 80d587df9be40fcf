import { dirname, join } from 'node:path';
import type { ForeignWorktreeDriver, ListedWorktree } from '../../../core/workspaces/foreignWorktree.js';
import { isInside } from '../../../node/isInside.js';
import { homeFolder } from '../../../node/person.js';
import { RepositoryGit } from '../command/boundGit.js';
import { createGitContext, type GitDriverOptions } from '../command/gitContext.js';
import { canonicalPath } from '../repository/openRepository.js';
import { listWorktrees, type ListedWorktree as Recorded } from './worktreeList.js';

const branches = 'refs/heads/';

/** The port on real git. */
export function createForeignWorktreeDriver(options: GitDriverOptions): ForeignWorktreeDriver {
  const { git, stateDir } = createGitContext(options);
  return {
    canonical: canonicalPath,
    async list({ root, commonDir }) {
      const [, ...linked] = await listWorktrees(new RepositoryGit(git, { root, commonDir }));
      const [state, ...precious] = await Promise.all(
        [stateDir, root, commonDir, homeFolder() ?? root].map(place => canonicalPath(place)),
      );
      const found: ListedWorktree[] = [];
      for (const recorded of linked) {
        const path = await canonicalPath(recorded.path);
        // Worktrees that stand ready, and those that merges are verified in.
        if (isInside(state ?? stateDir, path) && !isOfThread(state ?? stateDir, path)) continue;
        const isWide = [stateDir, ...precious].some(place => isInside(path, place));
        const problem = isWide ? 'its folder holds more than a worktree' : problemOf(recorded);
        const branch = recorded.ref?.startsWith(branches) ? recorded.ref.slice(branches.length) : undefined;
        found.push({ path, ...(branch !== undefined && { branch }), ...(problem !== undefined && { problem }) });
      }
      return found;
    },
  };
}

/** `<state>/worktrees/<thread>/<name>` */
function isOfThread(stateDir: string, path: string): boolean {
  return dirname(dirname(path)) === join(stateDir, 'worktrees');
}

function problemOf({ ref, locked, prunable }: Recorded): string | undefined {
  if (prunable) return 'its folder is gone';
  if (locked !== undefined) return 'it is locked (git worktree unlock)';
  return ref?.startsWith(branches) ? undefined : 'no branch is checked out in it (git switch)';
}
