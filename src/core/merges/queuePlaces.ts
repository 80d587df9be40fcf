import type { MergeId } from '../../base/ids.js';
import type { QueuedMerge } from './mergeQueueStore.js';

/** A place directly before another merge of the lane, between it and the one before; the last one when none is named. */
export function placeBefore(
  queue: readonly QueuedMerge[],
  { lane, before }: { readonly lane: string; readonly before: MergeId | undefined },
): number {
  const places = queue.filter(entry => entry.lane === lane).toSorted((a, b) => a.place - b.place);
  const index = places.findIndex(({ merge }) => merge === before);
  const next = places[index];
  if (next === undefined) return (places.at(-1)?.place ?? 0) + 1;
  const previous = places[index - 1];
  return previous === undefined ? next.place - 1 : (previous.place + next.place) / 2;
}
