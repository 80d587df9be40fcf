import type { MergeId } from '../../base/ids.js';

/** One verify command on one candidate. */
export interface MergeCheck {
  readonly merge: MergeId;
  /** 1, 2, … over all attempts of the merge. */
  readonly number: number;
  /** 1, or 2 when everything is run once more because something failed. */
  readonly attempt: number;
  readonly command: string;
  /** The commit that would have become the target. */
  readonly candidate: string;
  /** Missing while it runs, and when a signal ended it. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** Standard output and error as they came; the end, when it is longer than what is kept. */
  readonly output: string;
  readonly truncated: boolean;
  readonly startedAt: number;
  readonly endedAt?: number;
}

/** Port: what verifying came to. */
export interface MergeCheckStore {
  /** Inserts or replaces. */
  save(check: MergeCheck): void;
  /** In the order in which they ran. */
  ofMerge(merge: MergeId): readonly MergeCheck[];
}
