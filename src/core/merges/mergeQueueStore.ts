import type { MergeId } from '../../base/ids.js';

/** A merge that waits or is at work, and its place among those of its lane. */
export interface QueuedMerge {
  readonly merge: MergeId;
  /** Repository and target: one merge of a lane is at work at a time. */
  readonly lane: string;
  /** Higher comes first. */
  readonly priority: number;
  /** Among equal priorities; lower comes first. */
  readonly place: number;
  /** Shell commands that must succeed on the result before it lands, as they were when the merge was asked for. */
  readonly verify: readonly string[];
  /** How many merges are verified and land together at most, as it was when the merge was asked for. */
  readonly batch: number;
}

/** Port: the merge queue. */
export interface MergeQueueStore {
  get(merge: MergeId): QueuedMerge | undefined;
  /** Inserts or replaces. */
  save(entry: QueuedMerge): void;
  /** For a merge that has ended. */
  remove(merge: MergeId): void;
  /** In the order in which they come to their turn. */
  list(): readonly QueuedMerge[];
}
