import type { GuestGit } from '../sandboxes/sandboxDriver.js';
import type { WorktreeRef } from './worktreeDriver.js';

/**
 * Port: the git directory that a guest works with instead of the user's, which no guest ever sees: whoever can write a
 * repository's configuration owns the user's next `git status`. Implemented by `drivers/git`.
 */
export interface GuestGitDriver {
  /**
   * Makes it anew, at the worktree's branch and commit. Objects are borrowed.
   * Errors: those of opening the worktree, `worktree.failed`.
   */
  lend(worktree: WorktreeRef, request: LendRequest): Promise<GuestGit>;
  /**
   * Takes the commits of the guest's HEAD to the worktree's branch, when they go on from what the repository has. Runs nothing
   * on what the guest wrote but git's own check of objects, in a repository that was made for it. Files are not touched.
   * Errors: `worktree.unfinished` when the guest left a merge or the like in the middle, `worktree.failed`.
   */
  bringHome(worktree: WorktreeRef, gitDir: string): Promise<BroughtHome>;
}

export interface LendRequest {
  readonly gitDir: string;
  /** Where object directory number 0, 1, … will be, as the guest sees it. */
  readonly inside: (index: number) => string;
  /** Another branch that the guest may compare with. */
  readonly base?: string | undefined;
}

/** `left`: its history has nothing to do with the repository's, or is damaged; `why` says it in a sentence. */
export type BroughtHome =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'brought'; readonly head: string; readonly commits: number }
  | { readonly kind: 'left'; readonly why: string };
