import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { ToBoard } from '../../protocol/webview/boardMessages.js';
import { projectNames } from '../../protocol/projectNames.js';
import type { PlaceRoom } from '../../protocol/webview/placeRoom.js';
import { toAgentView } from '../../protocol/webview/threadView.js';

/** What stands above the columns: agents with their load and the room where they run, the queue, what today has cost so far. */
export function boardStrip(options: {
  readonly projects: readonly Project[];
  readonly threads: readonly Thread[];
  /** Milliseconds since the epoch of the last local midnight. */
  readonly midnight: number;
  readonly places: readonly PlaceRoom[];
}): Extract<ToBoard, { type: 'strip' }> {
  const { projects, threads, midnight, places } = options;
  const names = projectNames(projects);
  const agents = projects
    .filter(project => !project.removed)
    .flatMap(project =>
      project.agents.map(agent => ({
        ...toAgentView(agent),
        projectId: project.id,
        projectName: names.get(project.id) ?? project.name,
      })),
    );
  const cost = costSince(threads, midnight);
  return {
    type: 'strip',
    agents,
    queued: agents.reduce((sum, agent) => sum + agent.queued, 0),
    ...(cost !== undefined && { costTodayUsd: cost }),
    ...(places.length > 0 && { places: [...places] }),
  };
}

/** Whole threads that began since then, and the latest run of older ones; undefined when no cost is known. */
export function costSince(threads: readonly Thread[], since: number): number | undefined {
  let sum: number | undefined;
  for (const thread of threads) {
    const run = thread.latestRun;
    const cost =
      Number(thread.createdAt) >= since
        ? thread.costUsd
        : run && Number(run.queuedAt) >= since
          ? run.costUsd
          : undefined;
    if (cost !== undefined) sum = (sum ?? 0) + cost;
  }
  return sum;
}
