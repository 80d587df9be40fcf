import type { ThreadId } from '../../base/ids.js';

/** Where a repository is: its common git directory, and the checkout that people know it by. */
export interface RepositoryPlace {
  readonly commonDir: string;
  readonly root: string;
}

/**
 * A repository that projects or threads live in, as it was when it was last seen. What it is recognised by after it was moved
 * is in the database alone: what stands in a repository, every agent that works in it can write.
 */
export interface KnownRepository extends RepositoryPlace {
  /** Tells its common directory from every other on this machine; opaque. */
  readonly identity: string;
}

/** Port: repositories that were seen. */
export interface RepositoryStore {
  list(): readonly KnownRepository[];
  save(repository: KnownRepository): void;
  /**
   * Everything that was recorded with the old place (threads, rescues, worktrees that are being made or removed, merges that are
   * landing) has the new one. Answers the threads.
   */
  move(from: RepositoryPlace, to: KnownRepository): readonly ThreadId[];
}

/** What a transaction needs that follows repositories. */
export interface RepositoryStores {
  readonly repositories: RepositoryStore;
}
