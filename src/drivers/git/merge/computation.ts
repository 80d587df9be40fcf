import type { MergeRequest } from '../../../core/merges/mergeDriver.js';
import type { RepositoryGit } from '../command/boundGit.js';
import type { MergeContext } from './mergeContext.js';

/** A commit that is being made for a target. */
export interface Making {
  readonly context: MergeContext;
  readonly repository: RepositoryGit;
  readonly request: Pick<MergeRequest, 'target' | 'onNotice'>;
  readonly target: MergeTarget;
  readonly signal: AbortSignal;
}

export interface MergeTarget {
  readonly commit: string;
  readonly tree: string;
}

/** A merge that is being computed. */
export interface Computation extends Making {
  readonly request: MergeRequest;
}
