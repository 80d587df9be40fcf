import type { Thread } from '../protocol/gen/muster/v1/threads_pb.js';

/** Ids of threads that changed, with those whose latest run said something. */
export function changedThreads(
  { threads, runs }: { readonly threads: readonly string[]; readonly runs: readonly string[] },
  known: ReadonlyMap<string, Thread>,
): readonly string[] {
  const talking = new Set(runs);
  const ids = new Set(threads);
  for (const thread of known.values()) if (thread.latestRun && talking.has(thread.latestRun.id)) ids.add(thread.id);
  return [...ids];
}
