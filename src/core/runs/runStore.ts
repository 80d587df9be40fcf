import type { ProjectId, RunId, ThreadId } from '../../base/ids.js';
import type { Run } from './run.js';
import type { RunDigestState } from './runDigest.js';

/** Port: runs. */
export interface RunStore {
  get(id: RunId): Run | undefined;
  insert(run: Run): void;
  /** Writes the row when its generation is still `run.generation`; `fenced` means that a newer owner has it. */
  update(run: Run): 'applied' | 'fenced';
  /** Keeps what is needed to go on after a host restart. */
  saveDigest(id: RunId, digest: RunDigestState): void;
  /** A person wants the run ended: should this host be killed on the way, the next one ends it. */
  noteCancel(id: RunId): void;
  isCancelled(id: RunId): boolean;
  /** What was noted of it is not needed any more: the run has ended. */
  dropNotes(id: RunId): void;
  /** `undefined` for a run that was never launched, and for one that has ended. */
  digest(id: RunId): RunDigestState | undefined;
  /** Oldest first. */
  ofThread(thread: ThreadId): readonly Run[];
  /** The newest of a project, newest first. */
  ofProject(project: ProjectId, filter: { readonly agent?: string; readonly limit: number }): readonly Run[];
  /** Queued runs in the order they are to start. */
  queued(): readonly QueuedRun[];
  /** What the queue needs to choose: the first `limit` queued runs after a position, in the order they are to start, without those of agents of some names. */
  waiting(after: number, limit: number, without: readonly string[]): readonly WaitingRun[];
  /** How much each agent has to do, of one project or of all; agents with nothing to do are left out. */
  load(project?: ProjectId): readonly AgentLoad[];
  /** starting, running or waiting. */
  active(): readonly QueuedRun[];
  /** Ended, but their work is not committed yet. */
  settling(): readonly QueuedRun[];
  settle(id: RunId): void;
  withPrefix(prefix: string): readonly RunId[];
  /**
   * Conversation id of the thread's latest run of this agent that has one. A run that failed with
   * `conversation_missing` ends the conversation: only later runs count.
   */
  lastConversation(thread: ThreadId, agent: string): string | undefined;
}

export interface WaitingRun {
  readonly id: RunId;
  readonly threadId: ThreadId;
  readonly projectId: ProjectId;
  readonly agent: string;
  readonly position: number;
}

export interface AgentLoad {
  readonly agent: string;
  readonly queued: number;
  readonly active: number;
}

/** A run with the project that its limits come from. */
export interface QueuedRun {
  readonly run: Run;
  readonly projectId: ProjectId;
}

/** What a transaction needs that touches runs. */
export interface RunStores {
  readonly runs: RunStore;
}
