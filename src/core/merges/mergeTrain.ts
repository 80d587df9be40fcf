import type { MergeId } from '../../base/ids.js';

/**
 * Merges that are verified and land together (`merge.batch`), each on top of the one before. Written down before the target
 * moves, so that whoever finds its landing knows which requests it ends.
 */
export interface MergeTrain {
  /** Of its landing; unlike any merge's. */
  readonly id: MergeId;
  /** In order: the first one's `from` is the target, the last one's `to` has all of them. */
  readonly cars: readonly TrainCar[];
}

/** What one merge adds. */
export interface TrainCar {
  readonly merge: MergeId;
  readonly from: string;
  readonly to: string;
}

/** Port: the trains of the merge queue. */
export interface MergeTrainStore {
  insert(train: MergeTrain): void;
  /** Those that the merge was part of, oldest first. */
  ofMerge(merge: MergeId): readonly MergeTrain[];
}

/** The commit that would become the target. */
export function resultOf({ cars }: MergeTrain): string | undefined {
  return cars.at(-1)?.to;
}
