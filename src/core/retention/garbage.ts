import type { RunId, SandboxId, ThreadId } from '../../base/ids.js';
import type { SpareId } from '../workspaces/spareWorktree.js';
import type { RepositoryPlace } from '../workspaces/knownRepository.js';
import type { RescueId } from '../workspaces/rescue.js';
import type { RecordKind } from './recordStore.js';

const day = 24 * 60 * 60 * 1000;

/** For how long things are kept that only take up space. Milliseconds and bytes. */
export interface RetentionPolicy {
  /** Files of runs (what agents printed, prompts) whose thread is closed. */
  readonly runMs: number;
  /** In sum; the oldest of closed threads go first. */
  readonly runBytes: number;
  /** What was kept of removed worktrees and put aside from others, and databases that were set aside. */
  readonly rescueMs: number;
  /** What is only looked back at: fires of triggers, runs of scripts, calls of models. */
  readonly recordMs: number;
}

export const defaultRetention: RetentionPolicy = {
  runMs: 30 * day,
  runBytes: 5 * 1024 ** 3,
  rescueMs: 90 * day,
  // Whoever adds up a year's spending finds it whole.
  recordMs: 400 * day,
};

/** Limits as people write them; missing ones have their defaults. */
export interface RetentionSettings {
  readonly runDays?: number | undefined;
  readonly runGigabytes?: number | undefined;
  readonly rescueDays?: number | undefined;
  readonly recordDays?: number | undefined;
}

/** The policy of these settings; what is not a number from zero up counts as missing. */
export function retentionPolicy(settings: RetentionSettings): RetentionPolicy {
  const of = (value: number | undefined, unit: number, usual: number): number =>
    value !== undefined && Number.isFinite(value) && value >= 0 ? value * unit : usual;
  return {
    runMs: of(settings.runDays, day, defaultRetention.runMs),
    runBytes: of(settings.runGigabytes, 1024 ** 3, defaultRetention.runBytes),
    rescueMs: of(settings.rescueDays, day, defaultRetention.rescueMs),
    recordMs: of(settings.recordDays, day, defaultRetention.recordMs),
  };
}

/** Something that may go. */
export type Garbage = {
  /** Where it is, for people. */
  readonly path: string;
  readonly bytes: number;
  /** Ms since the epoch: since when nothing needed it. */
  readonly since: number;
} & (
  | { readonly kind: 'run'; readonly run: RunId }
  | { readonly kind: 'rescue'; readonly rescue: RescueId; readonly thread: ThreadId }
  /** What the system did not let go of when a worktree was removed, and what was set aside when one was repaired. */
  | { readonly kind: 'leftover'; readonly thread: ThreadId }
  /** A worktree that was kept ready: for a repository without new threads, or one that somebody has been in. */
  | { readonly kind: 'spare'; readonly spare: SpareId }
  /** A ref of ours: what a reviewer that may only read had changed, or edits that a run lost from a checkout. */
  | { readonly kind: 'aside'; readonly place: RepositoryPlace; readonly ref: string }
  /** Home folder and git directory of a container's sandbox. */
  | { readonly kind: 'sandbox'; readonly sandbox: SandboxId }
  /** What kernels said, cell by cell. */
  | { readonly kind: 'journal'; readonly thread: ThreadId }
  | { readonly kind: 'record'; readonly record: RecordKind }
  /** A database that was set aside, or a scratch file that a killed host left. */
  | { readonly kind: 'database' | 'scratch' }
);

/** Tells one piece from all others. */
export function garbageKey(garbage: Garbage): string {
  return `${garbage.kind}:${garbage.path}`;
}

/** Files of a run, and whether anybody may still need them. */
export interface KeptRun {
  readonly run: RunId;
  readonly path: string;
  readonly bytes: number;
  /** Its end; the last change of its files for a run that the database does not know. */
  readonly endedAt: number;
  /** Its thread is open, or it has not ended: never to go. */
  readonly inUse: boolean;
}

/** The runs whose files go: those that are too old, then the oldest until the rest fits. Oldest first. */
export function runGarbage(runs: readonly KeptRun[], policy: RetentionPolicy, now: number): readonly Garbage[] {
  const oldestFirst = runs.toSorted((a, b) => a.endedAt - b.endedAt);
  let bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
  const going: Garbage[] = [];
  for (const { run, path, bytes: size, endedAt, inUse } of oldestFirst) {
    if (inUse || (now - endedAt <= policy.runMs && bytes <= policy.runBytes)) continue;
    bytes -= size;
    going.push({ kind: 'run', run, path, bytes: size, since: endedAt });
  }
  return going;
}
