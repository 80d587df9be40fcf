import type { Thread } from '../threads/thread.js';
import type { ThreadView } from '../threads/threadStore.js';
import type { Merge } from './merge.js';
import type { MergeStores } from './mergeStore.js';

/** The merge that has the thread's work in its target: not one that was taken back since. */
export function standingMerge(
  stores: Pick<MergeStores, 'undos'>,
  { thread, latestMerge }: Pick<ThreadView, 'thread' | 'latestMerge'>,
): Merge | undefined {
  if (latestMerge?.status !== 'merged') return undefined;
  // By time, not by id: asking again for what is merged makes a second merge of the one that landed.
  return stores.undos.since(thread.id, latestMerge.createdAt) ? undefined : latestMerge;
}

/**
 * The head of a thread that the target has all of, although no history says so: nothing of a thread that began with uncommitted
 * changes is in the target's.
 */
export function landedHead(
  stores: Pick<MergeStores, 'merges' | 'undos'>,
  { id, carried }: Thread,
  target: string,
): string | undefined {
  if (carried === undefined) return undefined;
  const merge = stores.merges.ofThread(id).findLast(each => each.status === 'merged' && each.target === target);
  return merge && !stores.undos.since(id, merge.createdAt) ? merge.expect : undefined;
}
