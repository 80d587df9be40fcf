import type { MergeId, ThreadId } from '../../base/ids.js';
import type { MergeStrategy } from './mergeDriver.js';

/** `queued → checking → merging → merged | blocked | conflicted | failed | cancelled`; trying again is a new merge. */
export type MergeStatus =
  'queued' | 'checking' | 'merging' | 'merged' | 'blocked' | 'conflicted' | 'failed' | 'cancelled';

/** A request to bring one commit of a thread into a target branch. */
export interface Merge {
  readonly id: MergeId;
  readonly threadId: ThreadId;
  readonly status: MergeStatus;
  readonly target: string;
  readonly strategy: MergeStrategy;
  /** The commit that was reviewed. */
  readonly expect: string;
  /** Subject and body of the commit to make. */
  readonly commitMessage: string;
  /** The commit on the target, when merged. */
  readonly commit?: string;
  readonly reason?: string;
  /** What happened, for people. */
  readonly message: string;
  readonly files: readonly string[];
  readonly createdAt: number;
  readonly endedAt?: number;
  /** What has become of pushing it; missing: nobody wants that. */
  readonly push?: MergePush;
}

/** `due → pushed | failed`; trying again makes it due. */
export interface MergePush {
  readonly state: 'due' | 'pushed' | 'failed';
  /** Where to, as it was agreed to. */
  readonly address: string;
  /** Why it failed, for people. */
  readonly problem?: string;
}

/** True until the request has ended. */
export function isMergeActive(status: MergeStatus): boolean {
  return status === 'queued' || status === 'checking' || status === 'merging';
}
