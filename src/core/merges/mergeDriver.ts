import type { WorktreeRef } from '../workspaces/worktreeDriver.js';

export type MergeStrategy = 'merge' | 'squash';

/** Port: brings one commit of a thread into a target branch without checking anything out. Implemented by `drivers/git`. */
export interface MergeDriver {
  /** The commit a merge would name now: the branch head, and whether the worktree has uncommitted work on top. */
  candidate(worktree: WorktreeRef): Promise<{ readonly head: string; readonly dirty: readonly string[] }>;
  /**
   * Merges. Every foreseeable outcome is a returned word; only broken machinery throws (`git.failed`).
   * After any outcome no commit and no edit of anyone is lost. Aborting before the ref moves leaves everything as it was;
   * later it is too late and the merge ends as if nothing had happened.
   * A request that an earlier host was killed in is simply made again, with its `id`: what was half done is finished or undone first.
   */
  merge(request: MergeRequest, signal: AbortSignal): Promise<MergeOutcome>;
}

export interface MergeRequest {
  /** The same for every attempt at this request, also after a crash; unlike any other request's. */
  readonly id: string;
  readonly worktree: WorktreeRef;
  /** The commit that was reviewed. The branch must still be exactly there and the worktree clean. */
  readonly commit: string;
  /** Where the thread's branch began: tells "the thread has no commits" from "the target has them all". */
  readonly baseCommit?: string;
  /** Target branch, short name. */
  readonly target: string;
  readonly strategy: MergeStrategy;
  readonly message: string;
  /** Called each time the commit is made and the target is about to move. */
  readonly onMerging?: () => void;
}

export type MergeOutcome =
  | { readonly kind: 'merged'; readonly commit: string; readonly note?: string }
  | {
      readonly kind: 'blocked';
      readonly reason: BlockedReason;
      readonly message: string;
      readonly files: readonly string[];
    }
  | { readonly kind: 'conflicted'; readonly files: readonly string[]; readonly message: string };

export type BlockedReason =
  | 'changed_since_review'
  | 'target_missing'
  | 'target_has_edits'
  | 'target_busy'
  | 'target_moved'
  | 'nothing_to_merge'
  | 'no_commits'
  | 'hook_refused'
  | 'identity_missing'
  | 'signing_failed'
  | 'unrelated_histories'
  | 'worktree_missing';
