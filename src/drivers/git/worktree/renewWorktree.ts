import { AppError } from '../../../base/errors.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { ignoredInTheWay } from './ignoredInTheWay.js';
import { openWorktree, refuseReplaced } from './openWorktree.js';

/** A submodule, as `git diff --raw` writes its mode. */
const linkMode = /^:(?:\d+ 160000|160000 \d+) /m;

/**
 * Keeps the branch's commit under a ref and brings branch, index and files to another commit, unless something that git has no copy of
 * would be replaced. The ref comes first: whoever is killed in between finds it. Errors: as those of a snapshot.
 */
export async function renewWorktree(
  context: GitContext,
  worktree: WorktreeRef,
  { at, keepAs }: { readonly at: string; readonly keepAs: string },
): Promise<void> {
  const git = await openWorktree(context, worktree);
  refuseReplaced(git, worktree.path);
  const inTheWay = await ignoredInTheWay(git, at);
  if (inTheWay !== undefined) throw failed(worktree, `${inTheWay} is an ignored file here, and a tracked one there`);
  const moved = await git.run({ args: ['diff', '--raw', '--no-renames', '--no-abbrev', 'HEAD', at], reads: true });
  if (linkMode.test(moved.text())) throw failed(worktree, 'a submodule is another one there');
  await git.run({ args: ['update-ref', '-m', 'muster: merged', keepAs, 'HEAD'] });
  // Refuses what is not committed, which a reset with `--hard` would not.
  await git.run({ args: ['reset', '--quiet', '--keep', at] });
}

function failed({ path }: WorktreeRef, reason: string): AppError<'worktree.failed'> {
  return new AppError('worktree.failed', `${path} was left as it is: ${reason}.`, { path, reason });
}
