import { isAppError } from '../../../base/errors.js';
import type { MergeOutcome, MergeRequest } from '../../../core/merges/mergeDriver.js';
import { filesInTheWay } from './filesInTheWay.js';
import type { GitContext } from '../command/gitContext.js';
import { failureOf } from '../command/gitFailure.js';
import { removeLanding, writeLanding } from './landingRecord.js';
import { blocked, named } from './mergeOutcomes.js';
import { whyBusy } from './targetInUse.js';
import { openRepository } from '../repository/openRepository.js';
import { listWorktrees, type ListedWorktree } from '../worktree/worktreeList.js';

/** A move of the target from one commit to its successor. */
export interface Landing {
  readonly request: MergeRequest;
  readonly commonDir: string;
  readonly from: string;
  readonly to: string;
}

/** `moved`: the target is no longer where the merge was computed; compute again. */
export type LandingResult = MergeOutcome | 'moved';

/** Longer than any sane post-merge hook; the ref has moved before that hook runs. */
const longestFastForwardMs = 2 * 60_000;

/** Moves the target, and its checkout if it has one. Runs under the repository's lock. */
export async function landMerge(context: GitContext, landing: Landing, signal: AbortSignal): Promise<LandingResult> {
  const { request, commonDir, from, to } = landing;
  const checkouts = await checkoutsOf(context, request);
  const busy = await whyBusy(commonDir, request.target, checkouts);
  if (busy !== undefined) return blocked('target_busy', `${request.target} cannot move now: ${busy}.`);
  const [checkout] = checkouts;
  if (checkout !== undefined && checkout.head !== from) return 'moved';
  await writeLanding(context, request.id, {
    target: request.target,
    from,
    to,
    checkout: checkout?.path,
    at: context.clock.now(),
  });
  // The last moment to turn back: from here on the commands get no signal, so that none is stopped half-way.
  signal.throwIfAborted();
  const result = checkout ? await fastForward(context, landing, checkout.path) : await moveRef(context, landing);
  if (result === 'moved' || result.kind !== 'merged') await removeLanding(context, request.id);
  return result;
}

/** Worktrees that have the target checked out and whose folders are there. */
export async function checkoutsOf(context: GitContext, request: MergeRequest): Promise<ListedWorktree[]> {
  const worktrees = await listWorktrees(await openRepository(context, request.worktree));
  return worktrees.filter(({ ref, prunable, bare }) => ref === `refs/heads/${request.target}` && !prunable && !bare);
}

/** The checkout, its index and the branch move together, or nothing does. */
async function fastForward(context: GitContext, landing: Landing, checkout: string): Promise<LandingResult> {
  const { git } = context;
  const { request, from, to } = landing;
  // Each option overrules a setting (merge.*, branch.<name>.mergeOptions) that would make this something else.
  const args = [
    'merge',
    '--ff-only',
    '--no-overwrite-ignore',
    '--no-squash',
    '--commit',
    '--no-autostash',
    '--no-verify-signatures',
    '--no-stat',
    '--quiet',
    to,
  ];
  const config = ['gc.auto=0', 'maintenance.auto=false', 'submodule.recurse=false'];
  try {
    await git.run({ cwd: checkout, args, config, hooks: true, silenceMs: longestFastForwardMs });
    return { kind: 'merged', commit: to };
  } catch (error) {
    if (!isAppError(error, 'git.failed') && !isAppError(error, 'git.silent')) throw error;
    // A hook that failed or hung after the move changes nothing about the move.
    if ((await targetCommit(context, request)) === to) {
      const said = isAppError(error, 'git.failed') ? error.data.stderr : error.message;
      return { kind: 'merged', commit: to, note: `A hook of ${checkout} failed after the merge: ${said}` };
    }
    if (!isAppError(error, 'git.failed')) throw error;
    switch (failureOf(error)) {
      case 'in_the_way': {
        const files = await filesInTheWay(context, { checkout, from, to });
        const message = `${request.target} is checked out in ${checkout}, where these files are edited or in the way: ${named(files)}. Commit, stash or move them, then merge again.`;
        return blocked('target_has_edits', message, files);
      }
      case 'not_fast_forward':
      case 'ref_moved':
        return 'moved';
      case 'operation_in_progress':
        return blocked('target_busy', `${request.target} cannot move now: ${error.data.stderr}`);
      case 'locked':
        return blocked('target_busy', `Another git process is at work in ${checkout}: ${error.data.stderr}`);
      case 'hook_refused':
        return blocked('hook_refused', `A hook refused to move ${request.target}: ${error.data.stderr}`);
      default:
        throw error;
    }
  }
}

async function moveRef(context: GitContext, landing: Landing): Promise<LandingResult> {
  const { git } = context;
  const { request, from, to } = landing;
  const ref = `refs/heads/${request.target}`;
  const args = ['update-ref', '-m', `muster: merge ${request.worktree.branch}`, ref, to, from];
  try {
    await git.run({ cwd: request.worktree.repository, args, hooks: true });
  } catch (error) {
    switch (failureOf(error)) {
      case 'ref_moved':
        return 'moved';
      case 'hook_refused':
        return blocked('hook_refused', `A hook refused to move ${request.target}.`);
      case 'locked':
        return blocked('target_busy', `Another git process holds the lock of ${request.target}.`);
      default:
        throw error;
    }
  }
  return bringCheckoutsForward(context, landing);
}

/**
 * A checkout that appeared while the ref moved still has the old files, and would show them as the reverse of the merge.
 * The ref goes back (compare and swap), and then forward again together with the checkout.
 */
export async function bringCheckoutsForward(context: GitContext, landing: Landing): Promise<LandingResult> {
  const { git } = context;
  const { request, from, to } = landing;
  const merged: MergeOutcome = { kind: 'merged', commit: to };
  const behind: string[] = [];
  for (const { path, head } of await checkoutsOf(context, request)) {
    if (head !== to) continue;
    const compare = { cwd: path, reads: true, accept: [0, 1] };
    const same = await git.run({ ...compare, args: ['diff-index', '--cached', '--quiet', to, '--'] });
    if (same.exitCode !== 0) behind.push(path);
  }
  const [checkout] = behind;
  if (checkout === undefined) return merged;
  const note = `${behind.join(' and ')} was checked out during the merge and still has the files from before it. Run \`git reset --keep HEAD\` there, or commit nothing until you did.`;
  if (behind.length > 1) return { ...merged, note };
  const back = ['update-ref', '-m', 'muster: checkout appeared', `refs/heads/${request.target}`, from, to];
  try {
    await git.run({ cwd: request.worktree.repository, args: back });
  } catch (error) {
    if (!isAppError(error, 'git.failed')) throw error;
    return { ...merged, note };
  }
  return fastForward(context, landing, checkout);
}

/** The target's present commit; empty if it is gone. */
export async function targetCommit({ git }: GitContext, request: MergeRequest): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${request.target}^{commit}`];
  const cwd = request.worktree.repository;
  return (await git.run({ cwd, args, reads: true, accept: [0, 1] })).text();
}
