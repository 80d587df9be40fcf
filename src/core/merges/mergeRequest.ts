import { AppError } from '../../base/errors.js';
import { isRunActive } from '../runs/run.js';
import { noWorktree } from '../threads/threadService.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadView } from '../threads/threadStore.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import { isMergeActive, type Merge } from './merge.js';
import { requireNoHandMerge } from './openHandMerge.js';

/** The merge that is under way already, if there is one. Errors: `thread.busy`, `merge.byHand`, `thread.closed`, `worktree.missing`. */
export function requireMergeable({ thread, latestRun, latestMerge, handMerge }: ThreadView): Merge | undefined {
  if (latestRun && isRunActive(latestRun.status)) {
    throw new AppError(
      'thread.busy',
      `${latestRun.agent} is still at work on thread ${thread.id}. Wait for it or cancel it, then merge.`,
      { thread: thread.id, status: latestRun.status },
    );
  }
  if (latestMerge && isMergeActive(latestMerge.status)) return latestMerge;
  requireNoHandMerge(handMerge);
  if (!worktreeOf(thread)) throw noWorktree(thread);
  if (thread.outcome === 'abandoned') {
    throw new AppError(
      'thread.closed',
      `Thread ${thread.id} was abandoned. \`muster restore ${thread.id}\` brings it back.`,
      { thread: thread.id, status: thread.outcome },
    );
  }
  return undefined;
}

export function noTarget(thread: Thread): AppError<'merge.refused'> {
  return new AppError(
    'merge.refused',
    `Thread ${thread.id} did not start from a branch. Name the target: \`muster merge ${thread.id} --into BRANCH\`.`,
    { thread: thread.id, reason: 'no target' },
  );
}

/** The message when nobody wrote one. */
export function defaultMessage(thread: Thread): string {
  return `${thread.summary}\n\nMuster-Thread: ${thread.id}\n`;
}

/** What must not land at the same time: a repository's target. */
export function laneOf(thread: Thread, target: string): string {
  return `${thread.commonDir ?? thread.repository ?? thread.id}\n${target}`;
}
