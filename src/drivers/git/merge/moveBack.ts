import type { LandedMerge } from '../../../core/merges/mergeDriver.js';
import type { WorktreeGit } from '../command/boundGit.js';
import { fileAt } from '../command/gitPath.js';
import type { ChangedPath } from './changedPaths.js';
import type { LandingWork } from './mergeContext.js';
import { blocked, named } from './mergeOutcomes.js';
import { patiently } from './patience.js';
import { lookAt } from '../../../node/looks.js';

/**
 * Takes a checkout back to the commit from before a merge: files and index first, then the branch, if it is still where it
 * was. No fast-forward does that, and `git reset` would not mind a commit that came meanwhile.
 */
export async function moveBack(
  work: LandingWork,
  { checkout, changes }: { readonly checkout: WorktreeGit; readonly changes: readonly ChangedPath[] },
  signal: AbortSignal,
): Promise<LandedMerge | undefined> {
  const { target, from, to } = work.landing;
  const standing: string[] = [];
  for (const { path, before, after } of changes) {
    if (before !== undefined || after === undefined) continue;
    // `read-tree` would replace an ignored file without a word.
    const found = await lookAt(fileAt(checkout.workTree, path));
    if (found !== undefined && !found.isDirectory()) standing.push(path);
  }
  if (standing.length > 0) {
    const message = `${target} is checked out in ${checkout.workTree}, where these files are in the way: ${named(standing)}. Move them, then try again.`;
    return blocked('target_has_edits', message, standing);
  }
  await checkout.run({ args: ['update-index', '-q', '--refresh'], signal, accept: [0, 1] });
  await checkout.run({ args: ['read-tree', '-m', '-u', from, to], signal, ...patiently(work) });
  const args = ['update-ref', '-m', 'muster: undo a merge', `refs/heads/${target}`, to, from];
  await work.repository.run({ args, hooks: true, signal, ...patiently(work) });
  return undefined;
}
