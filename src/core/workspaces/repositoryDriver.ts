import type { RepositoryPlace } from './knownRepository.js';
import type { WorktreeRef } from './worktreeDriver.js';

/** Port: telling repositories apart, and finding one again. Implemented by `drivers/git`. */
export interface RepositoryDriver {
  /** Tells this common directory from every other on this machine, wherever it is moved on its disk; undefined when nothing is there. */
  identity(commonDir: string): Promise<string | undefined>;
  /** True for a place that is empty while what is around it is there (a disk that is not mounted takes that along). */
  isGone(place: RepositoryPlace): Promise<boolean>;
  /** How many of these refs are at these commits, or have grown since. */
  has(place: RepositoryPlace, refs: readonly { readonly ref: string; readonly commit: string }[]): Promise<number>;
  /**
   * Ties a worktree to its repository's new place again, which is all that git's own `worktree repair` does. Anything but the
   * link to the old place is left as it is: a person decides about it. Errors: `worktree.failed`, `worktree.missing`.
   */
  follow(worktree: WorktreeRef, from: string): Promise<void>;
}
