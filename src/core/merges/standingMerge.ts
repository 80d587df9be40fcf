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
