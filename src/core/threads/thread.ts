import type { ProjectId, ThreadId } from '../../base/ids.js';

/** What a thread came to, as stored; what people see is derived (`threadStatus.ts`). */
export type ThreadOutcome = 'open' | 'completed' | 'failed' | 'abandoned';

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
  /** Missing before the first run and after removal. */
  readonly worktree?: string;
  /** Branch head after the last snapshot. */
  readonly head?: string;
  /** `refs/muster/rescue/…` of a removed worktree. */
  readonly rescue?: string;
  readonly filesChanged?: number;
  readonly additions?: number;
  readonly deletions?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}
