import type { MergeId } from '../../base/ids.js';

/**
 * The steps of bringing a commit to its target, in order. A landing is written down with the step that it is about to begin,
 * so that whoever finds it later knows how far it can have come:
 *
 * - `computed`: nothing was touched;
 * - `checkout`: the target's checkout is being moved (files, index and branch);
 * - `moved`: the branch is at the new commit, or about to be where nothing is checked out; checkouts that appeared meanwhile follow;
 * - `done`: nothing is left to do.
 */
export const landingSteps = ['computed', 'checkout', 'moved', 'done'] as const;

export type LandingStep = (typeof landingSteps)[number];

/** A move of a target from one commit to its successor. */
export interface Landing {
  readonly merge: MergeId;
  readonly step: LandingStep;
  /** The repository's common git directory. */
  readonly commonDir: string;
  /** Target branch, short name. */
  readonly target: string;
  readonly from: string;
  readonly to: string;
  /** It goes back: `to` is what the target was before `from` was merged. */
  readonly back?: true;
  /** The checkout that moves along, if the target is checked out. */
  readonly checkout?: string;
  /** The git process that is at work for it: one that outlived its host is waited for, not fought with. */
  readonly process?: { readonly pid: number; readonly startTime: string };
  /** Ms since the epoch. */
  readonly at: number;
}

/** Port: what is about to happen to a target, written down before it happens. */
export interface LandingJournal {
  get(merge: MergeId): Landing | undefined;
  /** Inserts or replaces. */
  save(landing: Landing): void;
  remove(merge: MergeId): void;
  /** Every landing that is not done, oldest first. */
  unfinished(): readonly Landing[];
}
