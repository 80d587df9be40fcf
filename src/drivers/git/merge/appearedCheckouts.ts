import { isAppError } from '../../../base/errors.js';
import type { LandedMerge } from '../../../core/merges/mergeDriver.js';
import type { WorktreeGit } from '../command/boundGit.js';
import { changedPaths, indexAgainst } from './changedPaths.js';
import type { LandingWork } from './mergeContext.js';
import { checkoutsOf, openCheckout } from './targetCheckout.js';

/**
 * A checkout that appeared while the branch moved still has the old files, and would show them as the reverse of the merge.
 * The branch goes back (compare and swap): the merge is made again, and this time the checkout moves along.
 */
export async function lookForCheckouts(work: LandingWork): Promise<LandedMerge | undefined> {
  const { context, landing, repository } = work;
  const { target, from, to } = landing;
  const behind: string[] = [];
  for (const { path, head } of await checkoutsOf(repository, target)) {
    if (head !== to) continue;
    if (await hasOldFiles(await openCheckout(context, repository, path), from, to)) behind.push(path);
  }
  if (behind.length === 0) return undefined;
  const args = ['update-ref', '-m', 'muster: a checkout appeared', `refs/heads/${target}`, from, to];
  try {
    await repository.run({ args });
    return { kind: 'moved' };
  } catch (error) {
    if (!isAppError(error, 'git.failed')) throw error;
    const note = `${behind.join(' and ')} was checked out during the merge and still has the files from before it. Run \`git reset --keep HEAD\` there, or commit nothing until you did.`;
    return { kind: 'merged', commit: to, note };
  }
}

async function hasOldFiles(checkout: WorktreeGit, from: string, to: string): Promise<boolean> {
  const changed = await changedPaths(checkout, from, to);
  // Two commits with the same files: no file can be an old one.
  if (changed.length === 0) return false;
  const different = new Set((await indexAgainst(checkout, from)).map(({ path }) => path));
  return changed.every(({ path }) => !different.has(path));
}
