import type { MergeId } from '../../base/ids.js';

/**
 * How far the merges of one thread's repositories are, which land together or not at all:
 *
 * - `asked`: no target was touched;
 * - `landing`: what lands is written down, and one target after the other moves;
 * - `back`: one of them could not, so that those that have moved go back;
 * - `done`: nothing is left to do.
 */
export const mergeSetSteps = ['asked', 'landing', 'back', 'done'] as const;

export type MergeSetStep = (typeof mergeSetSteps)[number];

/** The merges of a thread that has several repositories. Its step is written down before it begins. */
export interface MergeSet {
  /** The merge that people know, of the project's repository. It is the first member, too. */
  readonly id: MergeId;
  readonly step: MergeSetStep;
  readonly members: readonly MergeSetMember[];
}

/** One repository's. */
export interface MergeSetMember {
  readonly merge: MergeId;
  /** What the compose file calls the repository; empty for the project's. */
  readonly name: string;
  /** Shell commands that must succeed in it, as they were when the merge was asked for. */
  readonly verify: readonly string[];
  /** Of the request that takes it back. */
  readonly undo: MergeId;
  /** The target before and after; missing while that is not known, and where there is nothing to land. */
  readonly from?: string;
  readonly to?: string;
  /** It has landed and is to go back. */
  readonly landed: boolean;
}

/** Port: the sets of the merge queue. */
export interface MergeSetStore {
  /** The one that a merge is a member of. */
  ofMerge(merge: MergeId): MergeSet | undefined;
  /** Inserts or replaces. */
  save(set: MergeSet): void;
}
