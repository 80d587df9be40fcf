import type { MergeRequest } from '../../../core/merges/mergeDriver.js';
import type { RepositoryGit } from '../command/boundGit.js';
import type { MergeContext } from './mergeContext.js';

/** A merge that is being computed. */
export interface Computation {
  readonly context: MergeContext;
  readonly repository: RepositoryGit;
  readonly request: MergeRequest;
  readonly target: MergeTarget;
  readonly signal: AbortSignal;
}

export interface MergeTarget {
  readonly commit: string;
  readonly tree: string;
}
