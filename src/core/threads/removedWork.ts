import { AppError } from '../../base/errors.js';
import type { ThreadView } from './threadStore.js';

/**
 * The branch that has a thread's work when its worktree was removed after a merge; `undefined` for a thread that has its
 * worktree, or never had one. Errors: `thread.closed` when the work was put away unmerged (also a moment ago: a removal and a
 * dispatch may meet), because a fresh worktree would leave it out of reach.
 */
export function baseAfterRemoval({
  thread,
  latestMerge,
}: Pick<ThreadView, 'thread' | 'latestMerge'>): string | undefined {
  if (thread.rescue === undefined || thread.worktree !== undefined) return undefined;
  if (latestMerge?.status === 'merged') return latestMerge.target;
  throw threadClosed(thread, `The worktree of thread ${thread.id} was removed before its work was merged`);
}

/** The error for a thread that a person must bring back first. */
export function threadClosed({ id, outcome }: ThreadView['thread'], why: string): AppError<'thread.closed'> {
  return new AppError('thread.closed', `${why}. \`muster restore ${id}\` brings it back.`, {
    thread: id,
    status: outcome,
  });
}
