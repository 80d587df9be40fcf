import type { MergeId } from '../../base/ids.js';
import type { WorktreeRef } from '../workspaces/worktreeDriver.js';
import type { Landing } from './landing.js';

export type MergeStrategy = 'merge' | 'squash' | 'rebase';

/**
 * Port: brings one commit of a thread into a target branch without checking anything out. Implemented by `drivers/git`.
 * Every foreseeable outcome is a returned word; only broken machinery throws (`git.failed`, `git.silent`). After any outcome
 * no commit and no edit of anyone is lost. Aborting leaves everything as it was, or comes too late: then the call ends as if
 * nothing had happened.
 */
export interface MergeDriver {
  /** Makes the commit that would become the target. Nothing moves. */
  compute(request: MergeRequest, signal: AbortSignal): Promise<ComputedMerge>;
  /** Moves the target, and its checkout if it has one, to a candidate. */
  land(request: MergeRequest, candidate: MergeCandidate, signal: AbortSignal): Promise<LandedMerge>;
  /**
   * Finishes or takes back what an earlier attempt at the request was cut off in (its host was killed, its git ended).
   * Undefined: nothing has landed, and nothing is half done any more.
   */
  resume(request: MergeRequest, signal: AbortSignal): Promise<MergeOutcome | undefined>;
  /**
   * Takes a merge back, and a checkout of the target with it: to the commit from before where nothing came on top, otherwise by
   * a commit that reverts it. The merged commit stays under a ref.
   */
  undo(request: UndoRequest, signal: AbortSignal): Promise<LandedMerge>;
  /**
   * Brings the target's work into a thread's branch and its worktree, in the same steps as a merge. `nothing_to_merge`: the thread
   * has all of it.
   */
  update(request: UpdateRequest, signal: AbortSignal): Promise<LandedMerge>;
  /** Names of the branches that could be merged into, the one with the latest commit first. */
  targets(place: Pick<WorktreeRef, 'repository' | 'commonDir'>, signal?: AbortSignal): Promise<readonly string[]>;
  /** Finishes or takes back a landing that nobody asks for any more: its host was killed, and its request is over or unknown. */
  settle(landing: Landing, signal: AbortSignal): Promise<void>;
}

export interface UndoRequest {
  /** Of this request alone. */
  readonly id: MergeId;
  readonly repository: string;
  readonly commonDir?: string;
  readonly target: string;
  /** The target before and after the merge. */
  readonly from: string;
  readonly to: string;
  /** Of the commit that reverts, if there has to be one. */
  readonly message: string;
  /** Not by a commit that reverts: `target_moved` where something came on top. */
  readonly exactly?: boolean;
  readonly onNotice?: (text: string) => void;
}

export interface UpdateRequest {
  /** Of this request alone. */
  readonly id: MergeId;
  readonly worktree: WorktreeRef;
  /** The head of the thread's branch. */
  readonly head: string;
  readonly target: string;
  readonly message: string;
}

export interface MergeRequest {
  /** The same for every attempt at this request, also after a crash; unlike any other request's. */
  readonly id: MergeId;
  readonly worktree: WorktreeRef;
  /** The commit that was reviewed. The branch must still be exactly there and the worktree clean. */
  readonly commit: string;
  /** Where the thread's branch began: tells "the thread has no commits" from "the target has them all". */
  readonly baseCommit?: string;
  /** Uncommitted changes of the person that the thread began with: nothing of this commit lands. */
  readonly carried?: string;
  /** The head of such a thread that the target has got already. */
  readonly landed?: string;
  /** Target branch, short name. */
  readonly target: string;
  readonly strategy: MergeStrategy;
  readonly message: string;
  /** The message as the repository's hook left it, when an earlier candidate of the same request was computed. */
  readonly finalMessage?: string;
  /** Compute on top of this commit, and not of where the target is. */
  readonly onto?: string;
  /** What a person should know while it lasts (git stands still in a hook); empty when that is over. */
  readonly onNotice?: (text: string) => void;
}

/** A commit that may become the target while the target is still at `from`. */
export interface MergeCandidate {
  readonly from: string;
  readonly to: string;
  /** The message of the commit, after the repository's hook. */
  readonly message: string;
}

export type ComputedMerge = { readonly kind: 'candidate'; readonly candidate: MergeCandidate } | NotMerged;

/** `moved`: the target is no longer where the candidate was computed; compute again. */
export type LandedMerge = MergeOutcome | { readonly kind: 'moved' };

export type MergeOutcome = { readonly kind: 'merged'; readonly commit: string; readonly note?: string } | NotMerged;

export type NotMerged =
  Blocked | { readonly kind: 'conflicted'; readonly files: readonly string[]; readonly message: string };

export interface Blocked {
  readonly kind: 'blocked';
  readonly reason: BlockedReason;
  readonly message: string;
  readonly files: readonly string[];
  /** The target's commit, where that has all that there is to merge. */
  readonly target?: string;
}

/** Why a merge was not tried or not finished; nothing has changed, and the same merge may be asked for again. */
export type BlockedReason =
  /** Branch or worktree hold something else than the commit that was reviewed. */
  | 'changed_since_review'
  /** There is no such branch. */
  | 'target_missing'
  /** A checkout of the target has files of the person in the way. */
  | 'target_has_edits'
  /** The target is in the middle of a rebase, bisect or the like somewhere. */
  | 'target_busy'
  /** The target moved meanwhile, more often than was tried again, or since what is to be undone. */
  | 'target_moved'
  /** A checkout of the target is on a disk that does not answer, or cannot be read. */
  | 'target_unreachable'
  /** The target has it already. */
  | 'nothing_to_merge'
  /** The thread has made none. */
  | 'no_commits'
  /** A hook of the repository (`commit-msg`) said no. */
  | 'hook_refused'
  /** Git knows no name or address to commit with. */
  | 'identity_missing'
  /** Commits are to be signed, and the signature could not be made. */
  | 'signing_failed'
  /** Both have no commit in common. */
  | 'unrelated_histories'
  /** It names a commit of a submodule that nobody else has. */
  | 'submodule_missing'
  /** A command of `merge.verify` failed on the result. */
  | 'verify_failed'
  /** The thread’s worktree is gone. */
  | 'worktree_missing'
  /** What stands at its `.git` is not what was made. */
  | 'worktree_replaced';
