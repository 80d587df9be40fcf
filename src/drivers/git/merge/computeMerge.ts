import { isAppError } from '../../../base/errors.js';
import type { ComputedMerge, MergeRequest, NotMerged } from '../../../core/merges/mergeDriver.js';
import type { RepositoryGit } from '../command/boundGit.js';
import { gitFailed } from '../command/gitCommand.js';
import { gitFailure } from '../command/gitFailure.js';
import { openRepository } from '../repository/openRepository.js';
import { openWorktree, refuseReplaced } from '../worktree/openWorktree.js';
import { branchHead, worktreeStatus } from '../worktree/worktreeStatus.js';
import { commitMessage } from './commitMessage.js';
import type { Computation, MergeTarget } from './computation.js';
import { bringLinkedCommits } from './linkedCommits.js';
import { makeCommit } from './makeCommit.js';
import type { MergeContext } from './mergeContext.js';
import { blocked, named } from './mergeOutcomes.js';
import { mergeTrees } from './mergeTrees.js';
import { replayCommits } from './replayCommits.js';

/** Makes the commit that would become the target. A signing key or a hook may take its time; nothing waits for it. */
export async function computeMerge(
  context: MergeContext,
  request: MergeRequest,
  signal: AbortSignal,
): Promise<ComputedMerge> {
  const changed = await checkThread(context, request, signal);
  if (changed) return changed;
  const repository = await openRepository(context, request.worktree);
  const target = await whereTo(repository, request, signal);
  if (target === undefined) {
    const text = `There is no branch ${JSON.stringify(request.target)} to merge into. Name one that exists.`;
    return blocked('target_missing', text);
  }
  const work = { context, repository, request, target, signal };
  const merged = await mergeTrees(work);
  if (merged.kind !== 'tree') return merged;
  if (merged.tree === target.tree) return nothingToMerge(request, target);
  const unlinked = await bringLinkedCommits(work, merged.tree);
  if (unlinked) return unlinked;
  if (request.strategy === 'rebase') return await replayCommits(work, merged.tree);
  const final =
    request.finalMessage === undefined
      ? await commitMessage(work)
      : { kind: 'message' as const, message: request.finalMessage };
  if (final.kind !== 'message') return final;
  const parents = await parentsOf(work, merged.tree);
  const made = await makeCommit(work, { tree: merged.tree, parents, message: final.message });
  if (made.kind !== 'commit') return made;
  return { kind: 'candidate', candidate: { from: target.commit, to: made.commit, message: final.message } };
}

/**
 * A merge has the thread's commits as its second parent. Where those are on top of what the person had not committed, copies of them
 * take their place, or none where the two cannot be told apart.
 */
async function parentsOf(work: Computation, mergedTree: string): Promise<readonly string[]> {
  const { request, target } = work;
  if (request.strategy !== 'merge') return [target.commit];
  if (request.carried === undefined) return [target.commit, request.commit];
  const replayed = await replayCommits(work, mergedTree);
  return replayed.kind === 'candidate' ? [target.commit, replayed.candidate.to] : [target.commit];
}

/** Is the thread still exactly what was reviewed? Returns why not. */
async function checkThread(
  context: MergeContext,
  request: MergeRequest,
  signal: AbortSignal,
): Promise<NotMerged | undefined> {
  const { worktree, commit } = request;
  try {
    const git = await openWorktree(context, worktree);
    refuseReplaced(git, worktree.path);
    const status = await worktreeStatus(git, signal);
    if (status.dirty.length > 0) {
      const message = `The worktree has uncommitted changes that were not reviewed: ${named(status.dirty)}. Review them and merge again.`;
      return blocked('changed_since_review', message, status.dirty);
    }
    const head = await branchHead(git, worktree, status, signal);
    if (head === commit && status.head === commit) return undefined;
    const short = (id: string | undefined): string => (id ?? 'no commit').slice(0, 8);
    const found =
      status.head === head || head === undefined
        ? short(status.head)
        : `${short(head)}, with ${short(status.head)} checked out`;
    const message = `It has changed since it was looked at: that was commit ${short(commit)}, and its branch is now at ${found}. Review it again.`;
    return blocked('changed_since_review', message);
  } catch (error) {
    if (isAppError(error, 'worktree.replaced')) return blocked('worktree_replaced', error.message);
    if (!isAppError(error, 'worktree.missing')) throw error;
    return blocked(
      'worktree_missing',
      `The worktree ${worktree.path} is not there. Restore the thread, then merge again.`,
    );
  }
}

/** The target, or the result of another merge that is to land first. */
async function whereTo(
  repository: RepositoryGit,
  { target, onto }: MergeRequest,
  signal: AbortSignal,
): Promise<MergeTarget | undefined> {
  if (onto === undefined) return await readTarget(repository, target, signal);
  return { commit: onto, tree: await treeOf(repository, onto, signal) };
}

async function treeOf(repository: RepositoryGit, commit: string, signal: AbortSignal | undefined): Promise<string> {
  const args = ['rev-parse', '--verify', `${commit}^{tree}`];
  return (await repository.run({ args, signal, reads: true })).text();
}

/** Reads the target afresh; undefined if there is no such branch. */
export async function readTarget(
  repository: RepositoryGit,
  target: string,
  signal: AbortSignal | undefined,
): Promise<MergeTarget | undefined> {
  if (target === '' || /[\0\n]/.test(target)) return undefined;
  const ref = `refs/heads/${target}`;
  const args = ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`];
  const output = await repository.run({ args, signal, reads: true, accept: [0, 1, 128] });
  if (output.exitCode !== 0) {
    if (output.stderr === '' || gitFailure(output.stderr) === 'unknown_revision') return undefined;
    throw gitFailed({ args, exitCode: output.exitCode, stderr: output.stderr });
  }
  const commit = output.text();
  return { commit, tree: await treeOf(repository, commit, signal) };
}

function nothingToMerge(request: MergeRequest, target: MergeTarget): NotMerged {
  if (request.commit === request.baseCommit) {
    return {
      ...blocked('no_commits', 'The thread has no commits, so there is nothing to merge.'),
      target: target.commit,
    };
  }
  const message = `${request.target} already has everything that this thread changed.`;
  return { ...blocked('nothing_to_merge', message), target: target.commit };
}
