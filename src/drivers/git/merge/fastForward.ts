import { isAppError } from '../../../base/errors.js';
import type { LandedMerge } from '../../../core/merges/mergeDriver.js';
import { failureOf } from '../command/gitFailure.js';
import type { WorktreeGit } from '../command/boundGit.js';
import { filesInTheWay } from './filesInTheWay.js';
import type { LandingWork } from './mergeContext.js';
import { blocked, named } from './mergeOutcomes.js';
import { patiently } from './patience.js';

/** Each overrules a setting (merge.*, branch.<name>.mergeOptions) that would make this something else. */
const options = ['--ff-only', '--no-overwrite-ignore', '--no-squash', '--commit', '--no-autostash'];
const config = ['gc.auto=0', 'maintenance.auto=false', 'submodule.recurse=false'];

/** Moves the files of a checkout, its index and the branch. Ends with an error however it is cut off. */
export async function fastForward(work: LandingWork, checkout: WorktreeGit, signal: AbortSignal): Promise<void> {
  const { to } = work.landing;
  await checkout.run({
    args: ['merge', ...options, '--no-verify-signatures', '--no-stat', '--progress', to],
    config,
    // Each file that it writes is a sign of life.
    env: { GIT_PROGRESS_DELAY: '0' },
    hooks: true,
    signal,
    ...patiently(work),
  });
}

/** Why git refused to move a checkout or a branch, when that is an outcome. Undefined: something is broken. */
export async function whyRefused(work: LandingWork, error: unknown): Promise<LandedMerge | undefined> {
  const { checkout, landing } = work;
  const { target, from, to } = landing;
  const stderr = isAppError(error, 'git.failed') ? error.data.stderr : '';
  const where = checkout === undefined ? '' : ` in ${checkout.workTree}`;
  switch (failureOf(error)) {
    case 'in_the_way': {
      if (checkout === undefined) return undefined;
      const files = await filesInTheWay(checkout, { from, to });
      const message = `${target} is checked out in ${checkout.workTree}, where these files are edited or in the way: ${named(files)}. Commit, stash or move them, then merge again.`;
      return blocked('target_has_edits', message, files);
    }
    case 'not_fast_forward':
    case 'ref_moved':
      return { kind: 'moved' };
    case 'operation_in_progress':
      return blocked('target_busy', `${target} cannot move now: ${stderr}`);
    case 'locked':
      return blocked('target_busy', `Another git process is at work${where}: ${stderr}`);
    case 'hook_refused':
      return blocked('hook_refused', `A hook refused to move ${target}: ${stderr}`);
    default:
      return undefined;
  }
}
