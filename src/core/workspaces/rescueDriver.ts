import type { RunId, ThreadId } from '../../base/ids.js';
import type { Thread } from '../threads/thread.js';
import type { Rescue, RescueId } from './rescue.js';
import type { Creation, Removal, Restoration } from './worktreeOperation.js';
import type { RestoredWorktree, WorktreeRef } from './worktreeDriver.js';

/**
 * Port: the steps in which worktrees are put away and brought back. Implemented by `drivers/git`. Each step may be asked
 * for again after a host was killed in it; `rescueService.ts` has their order.
 */
export interface RescueDriver {
  /**
   * Sets the worktree's folder aside and keeps everything that is in it: commits, staged, unstaged and untracked work under
   * the rescue's ref; changed ignored files, repositories inside the worktree and what git will not take in a 0600 archive
   * under the state directory. Removes nothing. A worktree whose folder is gone keeps its commits and its index.
   * Errors: `worktree.missing` (neither folder nor branch), `worktree.ignoredTooLarge` (ask the person, then say `ignored`),
   * `worktree.failed`.
   */
  keep(removal: Removal): Promise<Rescue>;
  /** Undoes {@link keep}, however far it came. */
  putBack(removal: Removal): Promise<void>;
  /** Removes what was kept: folder, git directory, branch. Answers absolute paths that could not be removed. */
  clear(removal: Removal, rescue: Rescue, options?: { readonly keepsBranch?: boolean }): Promise<readonly string[]>;
  /** True when the branch exists. Errors: `worktree.failed` (something is at the path, or the branch has moved on). */
  checkRestore(rescue: Rescue, target: WorktreeRef): Promise<{ readonly hadBranch: boolean }>;
  /** Makes the worktree again as it was. The rescue stays. Errors: `rescue.unknown` (its commits are gone), `worktree.failed`. */
  restore(restoration: Restoration, rescue: Rescue): Promise<RestoredWorktree>;
  /** Undoes {@link restore}, however far it came. */
  undoRestore(restoration: Restoration, rescue: Rescue): Promise<void>;
  /** Undoes the making of a worktree in which nobody has worked, however far it came. */
  undoCreate(creation: Creation): Promise<void>;
  /** Removes ref and archive for good. */
  discard(rescue: Rescue): Promise<void>;
  /**
   * A rescue of a host that kept its records in the ref alone. What the ref says is a hint: it names commits to look at, and
   * nothing to delete or unpack. Undefined when it says nothing.
   */
  readHint(hint: Pick<Rescue, 'id' | 'threadId' | 'repository' | 'ref'>): Promise<Rescue | undefined>;
  /** Writes down outside of the database, and out of reach of agents, what it has of a rescue and its thread. */
  record(rescue: Rescue, thread: RescuedThread): Promise<void>;
  /** The rescues that a repository has, for the day on which the database was lost. Errors: those of finding it. */
  list(place: Pick<WorktreeRef, 'repository' | 'commonDir'>): Promise<readonly FoundRescue[]>;
  /** What was put aside under refs of ours, besides rescues: a reader's changes, edits that a run lost from a checkout. */
  asides(place: Pick<WorktreeRef, 'repository' | 'commonDir'>): Promise<readonly Aside[]>;
  /** Removes such a ref. */
  dropAside(place: Pick<WorktreeRef, 'repository' | 'commonDir'>, ref: string): Promise<void>;
  /** Once per repository at the start of a host: what killed hosts left of locks, and folders set aside by older versions. */
  sweep(repository: string): Promise<void>;
}

/** Work under a ref of ours. */
export interface Aside {
  readonly ref: string;
  /** Ms since the epoch. */
  readonly at: number;
  /** The run whose changes they are; missing: edits of a person. */
  readonly run?: RunId;
  readonly commit: string;
}

/** What is recorded of the thread whose work was kept. */
export type RescuedThread = Pick<
  Thread,
  'agent' | 'summary' | 'outcome' | 'createdAt' | 'baseRef' | 'baseCommit' | 'carried'
>;

/** A rescue without a database. With `id` and `thread` it was recorded beside its archive; the rest is a ref's own message. */
export interface FoundRescue {
  readonly rescue: Omit<Rescue, 'id' | 'threadId'>;
  readonly id?: RescueId;
  readonly threadId?: ThreadId;
  readonly thread?: RescuedThread;
}
