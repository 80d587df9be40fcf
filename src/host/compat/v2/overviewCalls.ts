import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { DashboardService } from '../../../protocol/gen/agentcompose/v2/dashboard_pb.js';
import {
  ResourceKind,
  type ResourceService,
  ResourceTargetSchema,
  type ResourceTarget,
} from '../../../protocol/gen/agentcompose/v2/resources_pb.js';
import { invalid, time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { allThreads } from './findThread.js';

/** What its overview calls recent. */
const recentMs = 24 * 60 * 60 * 1000;

/** `agentcompose.v2.DashboardService`. */
export function dashboardCalls(ours: OurCalls): ServiceImpl<typeof DashboardService> {
  return {
    getDashboardOverview: async () => ({ overview: await overviewOf(ours) }),
    async *watchDashboardOverview(_, { signal }) {
      yield* overviews(ours, signal);
    },
  };
}

/** How much is going on: now, and whenever something changed. */
export async function* overviews(
  ours: OurCalls,
  signal: AbortSignal,
): AsyncGenerator<{ readonly overview: Overview; readonly reason: string }> {
  yield { overview: await overviewOf(ours), reason: 'initial' };
  for await (const { update } of ours.events.watch({}, { signal })) {
    if (update.case === 'snapshot') continue;
    yield { overview: await overviewOf(ours), reason: 'changed' };
  }
}

export type Overview = Awaited<ReturnType<typeof overviewOf>>;

export async function overviewOf(ours: OurCalls) {
  const [{ activeRuns }, threads] = await Promise.all([ours.host.getStatus({}), allThreads(ours, '')]);
  const since = Date.now() - recentMs;
  return {
    runs: {
      runningCount: activeRuns,
      recentCount: threads.filter(({ updatedAt }) => Number(updatedAt) >= since).length,
      attentionCount: threads.filter(({ status }) => status === 'needs_you').length,
    },
    updatedAt: time(BigInt(Date.now())),
  };
}

/** `agentcompose.v2.ResourceService`: what an id, or the beginning of one, may mean. */
export function resourceCalls(ours: OurCalls): ServiceImpl<typeof ResourceService> {
  return {
    async resolveID({ id, kinds }) {
      if (id.length < 2) throw invalid('Give at least two characters of an id.');
      const found = (
        await Promise.all([projectTargets(ours, id), runTargets(ours, id), threadTargets(ours, id)])
      ).flat();
      return { targets: found.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind)) };
    },
  };
}

async function projectTargets({ projects }: OurCalls, id: string): Promise<readonly ResourceTarget[]> {
  const all = await projects.listProjects({});
  return all.projects
    .filter(project => project.id.startsWith(id) || project.name === id)
    .map(project => target(ResourceKind.PROJECT, project.id, { projectId: project.id, projectName: project.name }));
}

async function runTargets({ runs }: OurCalls, id: string): Promise<readonly ResourceTarget[]> {
  // An id that is none of a run is an error there, and here no target.
  const answer = await runs.getRun({ runId: id }).catch(() => undefined);
  const { run, detail } = answer ?? {};
  if (!run) return [];
  const of = { projectId: detail?.projectId ?? '', projectName: detail?.projectName ?? '', agentName: run.agent };
  return [target(ResourceKind.RUN, run.id, of)];
}

async function threadTargets(ours: OurCalls, id: string): Promise<readonly ResourceTarget[]> {
  const threads = (await allThreads(ours, '')).filter(thread => thread.id.startsWith(id));
  return threads.map(({ id: found, projectId, projectName, agent }) =>
    target(ResourceKind.SANDBOX, found, { projectId, projectName, agentName: agent }),
  );
}

function target(
  kind: ResourceKind,
  id: string,
  of: { readonly projectId: string; readonly projectName: string; readonly agentName?: string },
): ResourceTarget {
  return create(ResourceTargetSchema, { kind, id, shortId: id, ...of });
}
