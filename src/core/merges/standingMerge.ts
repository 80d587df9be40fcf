import type { ThreadView } from '../threads/threadStore.js';
import type { Merge } from './merge.js';
import type { MergeStores } from './mergeStore.js';
import type { MergeUndo } from './mergeUndo.js';

/** The merge that has the thread's work in its target: not one that was taken back since. */
export function standingMerge(
  stores: Pick<MergeStores, 'merges' | 'undos'>,
  { thread, latestMerge }: Pick<ThreadView, 'thread' | 'latestMerge'>,
): Merge | undefined {
  if (latestMerge?.status !== 'merged') return undefined;
  // By time, not by id: asking again for what is merged makes a second merge of the one that landed.
  const isLater = (undo: MergeUndo | undefined): boolean => undo !== undefined && undo.at >= latestMerge.createdAt;
  return stores.merges.ofThread(thread.id).some(({ id }) => isLater(stores.undos.get(id))) ? undefined : latestMerge;
}
