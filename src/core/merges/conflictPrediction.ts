import type { ThreadId } from '../../base/ids.js';

/** What merging a commit of a thread into its target would come to, as both were when it was looked at. */
export interface ConflictPrediction {
  readonly threadId: ThreadId;
  readonly head: string;
  readonly target: string;
  readonly targetCommit: string;
  /** Files that both changed in the same places; empty: it would merge. */
  readonly files: readonly string[];
}

/** Port: the latest prediction of each thread. */
export interface ConflictStore {
  ofThread(thread: ThreadId): ConflictPrediction | undefined;
  save(prediction: ConflictPrediction): void;
}

/** What a transaction needs that touches predictions. */
export interface ConflictStores {
  readonly conflicts: ConflictStore;
}
