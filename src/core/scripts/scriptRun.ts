import type { Id, ProjectId, RunId, ThreadId } from '../../base/ids.js';
import type { TopicEventId } from '../topics/topicEvent.js';

export type ScriptRunId = Id<'scriptRun'>;

/** `running → succeeded | failed | timed_out | cancelled | lost`; lost: its host ended under it. */
export type ScriptStatus = 'running' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled' | 'lost';

/** One evaluation of a scheduler's script that did something. */
export interface ScriptRun {
  readonly id: ScriptRunId;
  readonly projectId: ProjectId;
  readonly agent: string;
  /** Missing: `main` was called. */
  readonly trigger?: string;
  /** The same key twice is one run. */
  readonly key?: string;
  /** SHA-256 of the script, hexadecimal. */
  readonly sourceHash: string;
  readonly status: ScriptStatus;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** JSON of the callback's argument. */
  readonly payload?: string;
  /** JSON of what it returned. */
  readonly result?: string;
  /** Why it failed, with line and column where they are known. */
  readonly error?: string;
  /** The event that it answers. */
  readonly eventId?: TopicEventId;
  /** It is of a workflow: runs with the same origin share what their agents answered. */
  readonly origin?: string;
  /** The run whose script waits for this one. */
  readonly parentId?: ScriptRunId;
}

/** The run of an agent that a workflow asked for. */
export interface WorkflowCall {
  readonly origin: string;
  /** Which call of the workflow it is. */
  readonly key: string;
  /** Of what the agent was given. */
  readonly inputHash: string;
  /** From 1. */
  readonly attempt: number;
  readonly runId: RunId;
}

/** One thing that a script did: a line of its log, a call of the host. */
export interface ScriptCall {
  readonly runId: ScriptRunId;
  /** From 1, in order. */
  readonly number: number;
  readonly name: string;
  readonly at: number;
  readonly durationMs: number;
  /** JSON of what it gave, cut to what a person reads. */
  readonly given: string;
  /** JSON of what it got; missing when it threw. */
  readonly got?: string;
  readonly error?: string;
  readonly threadId?: ThreadId;
  readonly agentRunId?: RunId;
}

/** The schedule whose script it is. */
export interface ScriptOwner {
  readonly projectId: ProjectId;
  readonly agent: string;
}

/** Port: what scripts did and what they remember. */
export interface ScriptStore {
  insert(run: ScriptRun): void;
  update(run: ScriptRun): void;
  get(id: string): ScriptRun | undefined;
  byKey(key: string): ScriptRun | undefined;
  running(): readonly ScriptRun[];
  /** Newest first. */
  list(filter: ScriptOwner & { readonly trigger?: string; readonly limit: number }): readonly ScriptRun[];
  record(call: ScriptCall): void;
  calls(run: ScriptRunId): readonly ScriptCall[];
  /** Takes a run and its calls out of the history. */
  forget(run: ScriptRunId): void;
  /** The thread that the script last gave work to. */
  lastThread(owner: ScriptOwner): ThreadId | undefined;
  /** JSON. */
  value(owner: ScriptOwner, key: string): string | undefined;
  setValue(owner: ScriptOwner, key: string, value: string | undefined): void;
  /** The newest attempt. */
  workflowCall(origin: string, key: string): WorkflowCall | undefined;
  recordWorkflowCall(call: WorkflowCall): void;
  /** Output tokens of all its runs; where an agent does not tell them, a fourth of its answer's length. */
  tokensSpent(origin: string): number;
  /** How many bytes it remembers. */
  stateSize(owner: ScriptOwner): number;
}

/** What a transaction needs that touches scripts. */
export interface ScriptStores {
  readonly scripts: ScriptStore;
}
