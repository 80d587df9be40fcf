import type { RepositoryInfo } from './worktreeDriver.js';

/** A worktree as a repository knows it, made by whomever. */
export interface ListedWorktree {
  /** With all links resolved. */
  readonly path: string;
  /** Short name; missing when HEAD is detached. */
  readonly branch?: string;
  /** Why it is nobody's to take over, in words that follow "it cannot be adopted:". */
  readonly problem?: string;
}

/** Port: worktrees that somebody else made, with `git worktree add` or another tool. Implemented by `drivers/git`. */
export interface ForeignWorktreeDriver {
  /**
   * The worktrees of a repository but its main checkout and those that the host itself keeps for a while. What git has recorded
   * anybody with the repository may have written: a folder that holds the repository, the home folder or the host's own state
   * has a problem.
   */
  list(
    repository: Pick<RepositoryInfo, 'root' | 'commonDir'>,
    signal?: AbortSignal,
  ): Promise<readonly ListedWorktree[]>;
  /** The path as {@link ListedWorktree.path} has it. */
  canonical(path: string): Promise<string>;
}
