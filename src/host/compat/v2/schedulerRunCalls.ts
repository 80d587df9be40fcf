import type { ServiceImpl } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import type { ProjectService } from '../../../protocol/gen/agentcompose/v2/projects_pb.js';
import { SchedulerRunStatus, type SchedulerEvent } from '../../../protocol/gen/agentcompose/v2/schedulers_pb.js';
import type { ProjectRef } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import { startedBy } from '../../../protocol/fireEvents.js';
import type { Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { PrunedFires, ScriptRun } from '../../../protocol/gen/muster/v1/schedules_pb.js';
import { batches, paged } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { eventsOfFires, findFire, readFires, schedulerRunOf, triggerKey, type FireFilter } from './fireRecords.js';
import { findProject, findScheduler } from './findProject.js';

type SchedulerRunCalls = Pick<
  ServiceImpl<typeof ProjectService>,
  | 'listSchedulerRuns'
  | 'streamSchedulerRuns'
  | 'getSchedulerRun'
  | 'batchGetLatestSchedulerRuns'
  | 'startSchedulerRun'
  | 'runScheduler'
  | 'invokeScheduler'
  | 'stopSchedulerRun'
  | 'pruneSchedulerRuns'
  | 'listSchedulerEvents'
  | 'listProjectSchedulerEvents'
  | 'streamProjectSchedulerEvents'
>;

interface ByHand {
  readonly project?: ProjectRef | undefined;
  readonly agentName: string;
  readonly triggerId: string;
  readonly payloadJson: string;
}

interface RunFilter {
  readonly project?: ProjectRef | undefined;
  readonly agentName: string;
  readonly triggerId: string;
  readonly status: SchedulerRunStatus;
}

/** The part of `agentcompose.v2.ProjectService` that is about what schedulers did. Their run is our fire, with what it started. */
export function schedulerRunCalls(ours: OurCalls): SchedulerRunCalls {
  const listed = async ({ project: reference, agentName: agent, triggerId, status }: RunFilter) => {
    const project = await findProject(ours, reference);
    const records = await readFires(ours, project, { agent, trigger: triggerKey(triggerId) });
    const runs = records.map(record => schedulerRunOf(project, record));
    return status === SchedulerRunStatus.UNSPECIFIED ? runs : runs.filter(run => run.status === status);
  };
  return {
    async listSchedulerRuns(request) {
      const { page, total } = paged(await listed(request), request);
      return { runs: page, total };
    },

    async *streamSchedulerRuns(request) {
      const all = await listed(request);
      const runs = request.limit > 0 ? all.slice(0, request.limit) : all;
      for (const { batch, emitted, complete } of batches(runs, request.batchSize))
        yield { runs: batch, emittedCount: BigInt(emitted), complete, truncated: complete && runs.length < all.length };
    },

    async getSchedulerRun({ project: reference, runId }) {
      const project = await findProject(ours, reference);
      return { run: schedulerRunOf(project, await findFire(ours, project, runId)) };
    },

    async batchGetLatestSchedulerRuns({ project: reference, sandboxIds }) {
      const project = await findProject(ours, reference);
      const records = await readFires(ours, project);
      const results = sandboxIds.flatMap(sandboxId => {
        const latest = records.find(({ fire }) => fire.threadId === sandboxId);
        return latest ? [{ sandboxId, run: schedulerRunOf(project, latest) }] : [];
      });
      return { results };
    },

    startSchedulerRun: async request => ({ run: (await byHand(ours, request)).run }),

    async runScheduler(request, { signal }) {
      const { project, run } = await byHand(ours, request);
      await ended(ours, { runId: run.runId, isScript: run.sandboxIds.length === 0, signal });
      return { run: schedulerRunOf(project, await findFire(ours, project, run.runId)) };
    },

    async invokeScheduler({ project, agentName, payloadJson }, { signal }) {
      const { run, scriptRunId } = await byHand(ours, { project, agentName, triggerId: '', payloadJson });
      if (scriptRunId === '')
        throw new ConnectError(
          `The scheduler of ${agentName} has no script; its trigger was fired and started run ${run.runId}.`,
          Code.FailedPrecondition,
        );
      const script = await ended(ours, { runId: scriptRunId, isScript: true, signal });
      const durationMs = script ? script.endedAt - script.startedAt : 0n;
      return { resultJson: script?.result ?? '', durationMs, warnings: script?.error ? [script.error] : [] };
    },

    async stopSchedulerRun({ project: reference, runId }) {
      const project = await findProject(ours, reference);
      const stopRequested = await stop(ours, project, runId);
      return { run: schedulerRunOf(project, await findFire(ours, project, runId)), stopRequested };
    },

    async pruneSchedulerRuns({ project: reference, agentName: agent, triggerId, status, ...more }) {
      const { id: project } = await findProject(ours, reference);
      const { force, olderThanSeconds } = more;
      const request = { project, agent, name: triggerKey(triggerId), force, olderThanMs: olderThanSeconds * 1000n };
      const statuses = status.flatMap(each => prunable.get(each) ?? []);
      const { matched, removed } = await ours.schedules.pruneFires({ ...request, statuses });
      return { dryRun: !force, matched: statsOf(matched), removed: statsOf(removed) };
    },

    ...schedulerEventCalls(ours),
  };
}

type SchedulerEventCalls = 'listSchedulerEvents' | 'listProjectSchedulerEvents' | 'streamProjectSchedulerEvents';

function schedulerEventCalls(ours: OurCalls): Pick<SchedulerRunCalls, SchedulerEventCalls> {
  const happened = async (
    reference: ProjectRef | undefined,
    filter: FireFilter,
  ): Promise<readonly SchedulerEvent[]> => {
    const project = await findProject(ours, reference);
    return await eventsOfFires(ours, project, await readFires(ours, project, filter));
  };
  return {
    async listSchedulerEvents({ project, agentName: agent, offset, limit }) {
      const { page, total } = paged((await happened(project, { agent })).toReversed(), { offset, limit });
      return { events: page, total };
    },

    async listProjectSchedulerEvents({ project, offset, limit, ...wanted }) {
      const events = await happened(project, filterOf(wanted));
      const { page, total } = paged(events.toReversed(), { offset, limit });
      return { events: page, total };
    },

    async *streamProjectSchedulerEvents({ project, batchSize, tail, ...wanted }) {
      const all = await happened(project, filterOf(wanted));
      for (const { batch, emitted, complete } of batches(tail > 0 ? all.slice(-tail) : all, batchSize))
        yield { events: batch, emittedCount: BigInt(emitted), complete };
    },
  };
}

function filterOf(wanted: { readonly agentName: string; readonly triggerId: string; readonly runId: string }) {
  const { agentName: agent, triggerId, runId } = wanted;
  return { agent, trigger: triggerKey(triggerId), ...(runId !== '' && { run: runId }) };
}

async function byHand(ours: OurCalls, { project: reference, agentName, triggerId, payloadJson: payload }: ByHand) {
  const { project, agent } = await findScheduler(ours, reference, agentName);
  const request = { project: project.id, agent: agent.name, name: triggerKey(triggerId), payload };
  const { runId, scriptRunId } = await ours.schedules.fireTrigger(request);
  const record = await findFire(ours, project, runId || scriptRunId);
  return { project, run: schedulerRunOf(project, record), scriptRunId };
}

/** When what a trigger started has ended. A caller that goes away meanwhile leaves it as it is. */
export async function ended(
  { schedules, runs }: OurCalls,
  { runId, isScript, signal }: { readonly runId: string; readonly isScript: boolean; readonly signal: AbortSignal },
): Promise<ScriptRun | undefined> {
  if (isScript) return (await schedules.getScriptRun({ id: runId, wait: true }, { signal })).run;
  for await (const _ of runs.readTranscript({ runId, follow: true }, { signal }));
  return undefined;
}

async function stop({ schedules, threads, ...more }: OurCalls, project: Project, runId: string): Promise<boolean> {
  const { fire, script } = await findFire({ schedules, threads, ...more }, project, runId);
  if (fire.scriptRunId === '') return (await threads.cancelThread({ threadId: fire.threadId })).ended.includes('run');
  await schedules.cancelScriptRuns({ project: project.id, agent: fire.agent, run: startedBy(fire) });
  return script?.status === 'running';
}

const prunable = new Map([
  [SchedulerRunStatus.SUCCEEDED, 'succeeded'],
  [SchedulerRunStatus.FAILED, 'failed'],
  [SchedulerRunStatus.CANCELED, 'canceled'],
  [SchedulerRunStatus.SKIPPED, 'skipped'],
]);

function statsOf(counts: PrunedFires | undefined) {
  return {
    runs: counts?.fires ?? 0n,
    schedulerEvents: counts?.scriptCalls ?? 0n,
    eventDeliveries: counts?.deliveries ?? 0n,
    eventSandboxLinks: counts?.deliveredThreads ?? 0n,
  };
}
