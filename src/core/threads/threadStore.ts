import type { ProjectId, ThreadId } from '../../base/ids.js';
import type { Attempt, Awaited } from '../batches/batch.js';
import type { Chain } from '../chains/chain.js';
import type { CommentCounts } from '../reviews/commentStore.js';
import type { NotebookServer } from '../notebooks/notebookServer.js';
import type { Question } from '../questions/question.js';
import type { ReviewMarks } from '../reviews/review.js';
import type { ConflictPrediction } from '../merges/conflictPrediction.js';
import type { Merge } from '../merges/merge.js';
import type { OpenHandMerge } from '../merges/openHandMerge.js';
import type { UndoKind } from '../merges/mergeUndo.js';
import type { Run } from '../runs/run.js';
import type { RunDelay } from '../runs/runDelay.js';
import type { RepositoryPlace } from '../workspaces/knownRepository.js';
import type { PartOfThread, ThreadPart, ThreadPartStore } from './part.js';
import type { Thread, ThreadOutcome } from './thread.js';
import type { ThreadStatus } from './threadStatus.js';

/** Port: threads, and the joined view that lists are made of. */
export interface ThreadStore {
  get(id: ThreadId): Thread | undefined;
  /** Ids that begin with `prefix`, at most 10; like every list without those of parts, unless it says so. */
  withPrefix(prefix: string): readonly ThreadId[];
  insert(thread: Thread): void;
  update(thread: Thread): void;
  view(id: ThreadId): ThreadView | undefined;
  /** Newest first. */
  page(filter: ThreadFilter): ThreadPage;
  /** How many threads have which outcome, and how many messages there are in all. */
  count(): { readonly outcomes: ReadonlyMap<ThreadOutcome, number>; readonly messages: number };
  /** Every repository that threads were made in. */
  repositories(): readonly string[];
  /** Threads of a repository, and parts, by its common directory; those of earlier versions by its checkout. */
  inRepository(place: RepositoryPlace): readonly Thread[];
  /** Those that begin with these uncommitted changes of a person, also before their first run. */
  beganWith(carried: string): readonly Thread[];
  /** Gives one project's threads to another. */
  reassign(from: ProjectId, to: ProjectId): void;
  /** Threads whose worktree is still there, parts among them. */
  withWorktree(projectId?: ProjectId): readonly Thread[];
  /** Branches of threads that have a worktree. */
  branches(): readonly string[];
}

/** A thread with what its status is derived from. */
export interface ThreadView extends ReviewMarks {
  readonly thread: Thread;
  readonly projectName: string;
  readonly status: ThreadStatus;
  readonly needs: string;
  readonly latestRun?: Run;
  readonly latestMerge?: Merge;
  /** How that was taken back, when it was. */
  readonly undone?: UndoKind;
  /** The hand-offs that followed the last message of a person. */
  readonly chain?: Chain;
  /** Its head cannot be merged into its target as that was last seen. */
  readonly conflict?: ConflictPrediction;
  /** A person merges its target into its worktree, and has not ended that. */
  readonly handMerge?: OpenHandMerge;
  /** Discussions of its review that wait for somebody. */
  readonly comments?: CommentCounts;
  /** Its guest server, or the last one that it had. */
  readonly notebookServer?: NotebookServer;
  /** What its run asks a person; empty when it asks nothing. */
  readonly questions: readonly Question[];
  /** Threads that a queued latest run waits for; empty when it waits for none. */
  readonly awaited: readonly Awaited[];
  readonly batch?: string;
  readonly attempt?: Attempt;
  /** A person wants the latest run ended, and it is not over. */
  readonly stopping?: boolean;
  /** The time that a queued latest run waits for. */
  readonly delay?: RunDelay;
  /** 1-based place of a queued latest run in the queue. */
  readonly queuePosition?: number;
  /** What it has of other repositories; empty for most. */
  readonly parts: readonly PartOfThread[];
  /** What it is a part of itself. */
  readonly partOf?: ThreadPart;
  /** Sums over all runs; missing when no run reported any. */
  readonly costUsd?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

export interface ThreadFilter {
  readonly projectId?: ProjectId;
  readonly agent?: string;
  readonly statuses?: readonly ThreadStatus[];
  readonly limit: number;
  /** Opaque, from the page before. */
  readonly cursor?: string;
}

export interface ThreadPage {
  readonly threads: readonly ThreadView[];
  readonly nextCursor?: string;
}

/** What a transaction needs that touches threads. */
export interface ThreadStores {
  readonly threads: ThreadStore;
  readonly parts: ThreadPartStore;
}
