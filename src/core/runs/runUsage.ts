import type { ProjectId, ThreadId } from '../../base/ids.js';

/** What sums may be told apart by. */
export const usageKeys = ['project', 'agent', 'day', 'batch', 'thread'] as const;
export type UsageKey = (typeof usageKeys)[number];

/** Which runs are summed, and into how many sums. */
export interface UsageQuestion {
  readonly by: readonly UsageKey[];
  readonly project?: ProjectId;
  readonly thread?: ThreadId;
  readonly agent?: string;
  readonly batch?: string;
  /** Runs that were started (queued, when they never started) at or after this time, and before the other. */
  readonly from?: number;
  readonly to?: number;
  /** Added to a time before its day is read: the difference of the reader's time zone from UTC. */
  readonly dayOffsetMs: number;
  readonly limit: number;
}

/** What some runs used together. Empty keys were not asked for; amounts are missing when no run says any. */
export interface UsageSum {
  readonly projectId?: ProjectId;
  readonly agent?: string;
  /** `2026-11-26` */
  readonly day?: string;
  /** Empty: in no batch. */
  readonly batch?: string;
  readonly threadId?: ThreadId;
  readonly runs: number;
  readonly failed: number;
  /** Runs whose cost is known. */
  readonly priced: number;
  readonly durationMs: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly costUsd?: number;
}

/** Port: what runs used, summed up. */
export interface UsageStore {
  /** The costliest first; by day, the latest day first. */
  sums(question: UsageQuestion): readonly UsageSum[];
}

/** What a transaction needs that sums up usage. */
export interface UsageStores {
  readonly usage: UsageStore;
}
