import type { WorktreeRef } from '../workspaces/worktreeDriver.js';

/** A merge of the target into a thread's worktree that a person ends. It stands in the worktree, as git keeps it. */
export interface HandMerge {
  /** The target's commit. */
  readonly theirs: string;
  /** The thread's. */
  readonly ours: string;
  /** What both began from. */
  readonly base: string;
  /** Regular files whose conflicts can be looked at side by side; relative, `/`-separated. */
  readonly files: readonly string[];
  /** What else is in conflict: links, submodules, files that one side deleted. */
  readonly others: readonly string[];
}

/** Port: implemented by `drivers/git`. */
export interface HandMergeDriver {
  /** One has begun and is neither finished nor given up. Errors: `worktree.missing`, `worktree.replaced`. */
  isUnderWay(worktree: WorktreeRef): Promise<boolean>;
  /**
   * Begins to merge, and stops where both changed the same places; one that has begun goes on. Undefined: there was nothing to
   * merge, or no conflict, and then it is done. Errors: `worktree.missing`, `worktree.replaced`, `worktree.failed` (uncommitted work).
   */
  begin(
    worktree: WorktreeRef,
    request: { readonly target: string; readonly message: string },
  ): Promise<HandMerge | undefined>;
  /** Commits what the person made of it. Errors: `worktree.unfinished` (files have conflict markers), `worktree.failed` (there is none). */
  finish(worktree: WorktreeRef): Promise<string>;
  /** Brings the worktree to what it was before. Errors: `worktree.failed` (there is none). */
  abandon(worktree: WorktreeRef): Promise<void>;
}
