import type { ProjectStores } from '../projects/projectStore.js';

/** How many runs may be at work on this machine at the same time. */
export interface RunLimit {
  readonly runs: number;
  /** A person set it: then no compose file goes beyond it. */
  readonly chosen: boolean;
}

/** An agent waits for its model most of the time: eight share a core well. */
const runsPerCore = 8;
/** What a coding CLI and the tools that it starts take, give or take. */
const memoryPerRun = 512 * 1024 * 1024;
const fewest = 4;
/** More than this is asked for, not assumed. */
const most = 64;

/** The limit when nobody says anything. */
export function machineRunLimit({
  cores,
  memoryBytes,
}: {
  readonly cores: number;
  readonly memoryBytes: number;
}): RunLimit {
  const fits = Math.min(cores * runsPerCore, Math.floor(memoryBytes / memoryPerRun));
  return { runs: Math.min(most, Math.max(fewest, fits)), chosen: false };
}

/** The limit as it is now: a project that asks for more side by side (`limits.concurrency`) gets it, unless a person set the limit. */
export function presentRunLimit(limit: RunLimit, stores: ProjectStores): number {
  if (limit.chosen) return limit.runs;
  return Math.max(limit.runs, ...stores.projects.list().map(({ spec }) => spec.limits.concurrency ?? 0));
}
