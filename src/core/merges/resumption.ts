import type { MergeId, RunId } from '../../base/ids.js';

/** A merge that is asked for again when a run has ended well: its agent resolves what stood in the way. */
export interface MergeResumption {
  readonly run: RunId;
  readonly merge: MergeId;
}

/** Port: merges that wait for a run. */
export interface MergeResumptionStore {
  list(): readonly MergeResumption[];
  save(resumption: MergeResumption): void;
  remove(run: RunId): void;
}

export interface MergeResumptionStores {
  readonly resumptions: MergeResumptionStore;
}
