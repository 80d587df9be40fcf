import type { MergeDriver, MergeOutcome, MergeRequest } from '../../../core/merges/mergeDriver.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { createGitContext, type GitContext, type GitDriverOptions } from '../command/gitContext.js';
import { landMerge } from './landMerge.js';
import { checkThread, commitTree, finalMessage, mergeTrees, readTarget } from './mergeCommit.js';
import { blocked } from './mergeOutcomes.js';
import { hasLanded, resumeLanding } from './resumeLanding.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { openWorktree } from '../worktree/openWorktree.js';
import { branchHead, worktreeMissing, worktreeStatus } from '../worktree/worktreeStatus.js';

/** A target that moves more often than this while one merge is computed is somebody else's turn. */
const attempts = 5;

/** The merge port on real git. */
export function createGitMergeDriver(options: GitDriverOptions): MergeDriver {
  const context = createGitContext(options);
  return {
    candidate: worktree => candidate(context, worktree),
    merge: (request, signal) => merge(context, request, signal),
  };
}

async function candidate(
  context: GitContext,
  worktree: WorktreeRef,
): Promise<{ readonly head: string; readonly dirty: readonly string[] }> {
  const git = await openWorktree(context, worktree);
  const status = await worktreeStatus(git);
  const head = await branchHead(git, worktree, status);
  if (head === undefined) throw worktreeMissing(worktree.path);
  return { head, dirty: status.dirty };
}

/** The commit is made without the lock (a signing key or a hook may take its time); only the move is done under it. */
async function merge(context: GitContext, request: MergeRequest, signal: AbortSignal): Promise<MergeOutcome> {
  await context.git.version();
  const resumed = await resumeLanding(context, request, signal);
  if (resumed?.outcome) return resumed.outcome;
  const changed = await checkThread(context, request, signal);
  if (changed) return changed;
  let message: string | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const target = await readTarget(context, request, signal);
    if (target === undefined) {
      const text = `There is no branch ${JSON.stringify(request.target)} to merge into. Name one that exists.`;
      return blocked('target_missing', text);
    }
    const merged = await mergeTrees(context, request, target, signal);
    if ('outcome' in merged) {
      // A git process that outlived its host moved the target only now.
      if (resumed && (await hasLanded(context, request, resumed.record))) {
        return { kind: 'merged', commit: resumed.record.to };
      }
      return merged.outcome;
    }
    if (message === undefined) {
      const final = await finalMessage(context, request, target, signal);
      if ('outcome' in final) return final.outcome;
      message = final.message;
    }
    const made = await commitTree(context, { request, target, tree: merged.tree, message, signal });
    if ('outcome' in made) return made.outcome;
    request.onMerging?.();
    const landing = { request, commonDir: target.commonDir, from: target.commit, to: made.commit };
    const result = await withRepositoryLock({ commonDir: target.commonDir, clock: context.clock, signal }, () =>
      landMerge(context, landing, signal),
    );
    if (result !== 'moved') return result;
  }
  const text = `${request.target} moved ${attempts} times while the merge was made. Try again when it is quiet.`;
  return blocked('target_moved', text);
}
