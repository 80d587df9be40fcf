import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { openWorktree, refuseReplaced } from './openWorktree.js';

/**
 * Keeps the branch's commit under a ref and brings branch, index and files to another commit. The ref comes first: whoever is
 * killed in between finds it when they ask again. Errors: as those of a snapshot.
 */
export async function setBackWorktree(
  context: GitContext,
  worktree: WorktreeRef,
  { to, keepAs }: { readonly to: string; readonly keepAs: string },
): Promise<void> {
  const git = await openWorktree(context, worktree);
  refuseReplaced(git, worktree.path);
  await git.run({ args: ['update-ref', '-m', 'muster: put aside', keepAs, 'HEAD'] });
  await git.run({ args: ['reset', '--quiet', '--hard', to] });
}
