import type { ThreadView } from './threadView.js';

/** Why a thread waits for a person, as far as that decides what they can do about it. */
export type ThreadNeed =
  /** An agent asks something. */
  | 'question'
  /** They have begun a merge in its worktree. */
  | 'handMerge'
  /** What would be merged is not what was reviewed. */
  | 'outdated'
  | 'conflict'
  /** Files of the person's own checkout are in the way. */
  | 'targetEdits'
  | 'mergeFailed'
  /** The target has all of it already, or there never was anything. */
  | 'nothingToMerge'
  /** The agent's CLI is missing, or nobody is logged in to it. */
  | 'agentProblem'
  | 'runFailed'
  /** Who was to review it has ended and not said whether it is good. */
  | 'unreviewed'
  /** Stopped by a person before the agent was done. */
  | 'stopped';

/** The need of a thread; undefined when it needs nobody. */
export function threadNeed(thread: ThreadView): ThreadNeed | undefined {
  const { status, latestRun, latestMerge, handMerge, silentReviewer } = thread;
  if (latestRun?.status === 'waiting') return 'question';
  if (status === 'needs_you' && handMerge !== undefined) return 'handMerge';
  if (status === 'needs_you' && latestMerge) {
    switch (latestMerge.status) {
      case 'conflicted':
        return 'conflict';
      case 'blocked':
        return blockedNeed(latestMerge.reason);
      case 'failed':
        return 'mergeFailed';
    }
  }
  if (wasStopped(thread)) return 'stopped';
  if (status !== 'needs_you') return undefined;
  const problem = latestRun?.problem ?? '';
  if (problem.startsWith('provider.')) return 'agentProblem';
  return silentReviewer && problem === '' ? 'unreviewed' : 'runFailed';
}

/** A thread that a person has closed, or whose worktree is gone, needs nothing more: it can be reopened or restored. */
function wasStopped({ status, latestRun, reopenable = false, restorable, hasWorktree }: ThreadView): boolean {
  if (latestRun?.status !== 'cancelled') return false;
  const isOver = reopenable || (restorable && !hasWorktree);
  return status === 'ready' || (status === 'closed' && !isOver);
}

function blockedNeed(reason: string): ThreadNeed {
  switch (reason) {
    case 'changed_since_review':
      return 'outdated';
    case 'target_has_edits':
      return 'targetEdits';
    case 'nothing_to_merge':
    case 'no_commits':
      return 'nothingToMerge';
    default:
      return 'mergeFailed';
  }
}
