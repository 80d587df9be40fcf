import type { MessageId, RunId, ThreadId } from '../../base/ids.js';
import type { TestRun } from './testRuns.js';

/** `queued → starting → running ⇄ waiting → succeeded | failed | timed_out | cancelled | lost` */
export type RunStatus =
  'queued' | 'starting' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled' | 'lost';

/** One execution of an agent for one message. A retry is a new run. Times are milliseconds since the epoch. */
export interface Run {
  readonly id: RunId;
  readonly threadId: ThreadId;
  readonly messageId: MessageId;
  readonly agent: string;
  readonly provider: string;
  readonly model?: string;
  /** A command whose input somebody gives while it runs: without them it must not run, for it would read nothing. */
  readonly liveInput?: boolean;
  readonly status: RunStatus;
  /** Raised by every claim and adoption: a writer with an older number is fenced off. */
  readonly generation: number;
  readonly queuedAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  /** Present when the status is failed, timed_out or lost: a short code and a sentence. */
  readonly error?: { readonly code: string; readonly message: string };
  /** Its models are reached through the host: the upstream's name, or `facade` when each call decides. Missing: by its CLI's own login or key. */
  readonly modelsVia?: string;
  /** The same for the same instructions of its agent; missing when it has none, and before it is launched. */
  readonly promptHash?: string;
  /** The provider's conversation id. */
  readonly conversation?: string;
  /** The final answer, at most 16,384 characters. */
  readonly answer?: string;
  /** The last line said or done, at most 200 characters, for lists. */
  readonly activity?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly costUsd?: number;
  /** Tests that it ran itself, as its CLI tells; missing: none that anybody knows of. */
  readonly tests?: readonly TestRun[];
  /** Set when its uncommitted work is committed and its changes are counted; see {@link isRunSettling}. */
  readonly settled: boolean;
}

/** True when the run has ended, whatever its outcome. */
export function isRunEnded(status: string): boolean {
  return !isRunActive(status);
}

/**
 * True between the end of its process and the moment its work is committed and counted. Until then its thread is not ready and
 * no other run of the thread starts: git and the next agent would get into each other's way.
 */
export function isRunSettling(run: Pick<Run, 'endedAt' | 'settled'>): boolean {
  return run.endedAt !== undefined && !run.settled;
}

/** True while it waits for its turn, starts or works, and nobody has anything to do about it. */
export function isUnderWay(status: string): boolean {
  return status === 'queued' || status === 'starting' || status === 'running';
}

/** True while it ends because a person wants it to; `cancelled`: that was asked for. */
export function isRunStopping(run: Run, cancelled: boolean): boolean {
  return isRunActive(run.status) ? cancelled : run.status === 'cancelled' && isRunSettling(run);
}

/** True from the moment it is queued until it ends. */
export function isRunActive(status: string): boolean {
  return status === 'queued' || status === 'starting' || status === 'running' || status === 'waiting';
}
