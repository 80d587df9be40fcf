import type { MergeId, ThreadId } from '../../base/ids.js';
import type { LandingJournal } from './landing.js';
import type { Merge } from './merge.js';
import type { MergeCheckStore } from './mergeCheck.js';
import type { MergeQueueStore } from './mergeQueueStore.js';
import type { MergeSetStore } from './mergeSet.js';
import type { MergeTrainStore } from './mergeTrain.js';
import type { MergeUndoStore } from './mergeUndo.js';

/** Port: merge requests. */
export interface MergeStore {
  get(id: MergeId): Merge | undefined;
  insert(merge: Merge): void;
  update(merge: Merge): void;
  /** Oldest first. */
  ofThread(thread: ThreadId): readonly Merge[];
  /** The newest. */
  latestOf(thread: ThreadId): Merge | undefined;
  /** Queued, checking or merging, oldest first. */
  active(): readonly Merge[];
  /** Landed and still to be pushed, oldest first. */
  toPush(): readonly Merge[];
}

/** What a transaction needs that touches merges. */
export interface MergeStores {
  readonly merges: MergeStore;
  readonly landings: LandingJournal;
  readonly mergeQueue: MergeQueueStore;
  readonly trains: MergeTrainStore;
  readonly checks: MergeCheckStore;
  readonly undos: MergeUndoStore;
  readonly mergeSets: MergeSetStore;
}
