import type { ProjectId, ThreadId } from '../../base/ids.js';

/**
 * What a thread came to, as stored; what people see is derived (`threadStatus.ts`). `open`: there may be more to do; `completed`: merged or closed by a person;
 * `failed`: a person said so; `abandoned`: its worktree went, its work was kept.
 */
export type ThreadOutcome = 'open' | 'completed' | 'failed' | 'abandoned';

/**
 * What keeps the work in a worktree from being committed:
 * - `replaced`: its `.git` (or git's record of it) is not what was made;
 * - `unfinished`: a merge, rebase or the like was left in the middle, or files have conflicts;
 * - `missing`: its folder was deleted;
 * - `failed`: git could not, or something that does not descend from the thread's branch is checked out.
 */
export interface WorktreeTrouble {
  readonly kind: 'replaced' | 'unfinished' | 'missing' | 'failed';
  /** What happened and what to do, for people. */
  readonly message: string;
  /** The files it is about, if it is about files. */
  readonly files: readonly string[];
}

/** One task and its conversation. Times are ms since the epoch, paths absolute, commits full SHAs. */
export interface Thread {
  readonly id: ThreadId;
  readonly projectId: ProjectId;
  /** The agent it was dispatched to. */
  readonly agent: string;
  readonly outcome: ThreadOutcome;
  /** One line, at most 200 characters; also the merge commit's subject. */
  readonly summary: string;
  /** Base asked for at dispatch; the worktree is made when the first run starts. */
  readonly requestedBase?: string;
  readonly repository?: string;
  readonly branch?: string;
  readonly baseRef?: string;
  readonly baseCommit?: string;
  /** The commit of the person's uncommitted changes that it begins with (`CarriedChanges`); nothing of it lands. */
  readonly carried?: string;
  /** Missing before the first run and after removal. */
  readonly worktree?: string;
  /** The repository's common git directory and the name of the worktree's own in it, as recorded when it was made. */
  readonly commonDir?: string;
  readonly registeredAs?: string;
  /** Branch head after the last snapshot. */
  readonly head?: string;
  /** `refs/muster/rescue/…` of a removed worktree. */
  readonly rescue?: string;
  /** Why its work was left as it is at the end of its last run; a person has to look. */
  readonly trouble?: WorktreeTrouble;
  /** What people should know of its worktree, one sentence each. */
  readonly notes?: readonly string[];
  readonly filesChanged?: number;
  readonly additions?: number;
  readonly deletions?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}
