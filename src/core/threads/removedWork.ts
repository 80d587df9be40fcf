import { AppError } from '../../base/errors.js';
import type { MergeStores } from '../merges/mergeStore.js';
import { standingMerge } from '../merges/standingMerge.js';
import { isMergedWhole } from '../workspaces/rescue.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import type { Thread } from './thread.js';

/**
 * The branch that has a thread's work when its worktree was removed after a merge; `undefined` for a thread that has its
 * worktree, or never had one. Errors: `thread.closed` when work was put away that no merge has (also a moment ago: a removal
 * and a dispatch may meet), because a fresh worktree would leave it out of reach.
 */
export function baseAfterRemoval(
  stores: RescueStores & Pick<MergeStores, 'merges' | 'undos'>,
  thread: Thread,
): string | undefined {
  const { repository, rescue, worktree, branch } = thread;
  if (worktree !== undefined || branch === undefined) return undefined;
  const kept = repository === undefined || rescue === undefined ? undefined : stores.rescues.byRef(repository, rescue);
  const merge = standingMerge(stores, { thread, latestMerge: stores.merges.latestOf(thread.id) });
  if (merge && isMergedWhole(kept, merge)) return merge.target;
  // What was kept of it has been discarded since.
  if (rescue === undefined) return undefined;
  throw threadClosed(thread, `The worktree of thread ${thread.id} was removed before all of its work was merged`);
}

/** The error for a thread that a person must bring back first. */
export function threadClosed({ id, outcome }: Thread, why: string): AppError<'thread.closed'> {
  return new AppError('thread.closed', `${why}. \`muster restore ${id}\` brings it back.`, {
    thread: id,
    status: outcome,
  });
}
