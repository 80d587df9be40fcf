import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { ProjectService } from '../../../protocol/gen/agentcompose/v2/projects_pb.js';
import {
  ResolvedTriggerSchema,
  SchedulerRunSchema,
  SchedulerRunStatus,
  type ResolvedTrigger,
  type SchedulerRun,
} from '../../../protocol/gen/agentcompose/v2/schedulers_pb.js';
import type { ProjectRef } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import type { Agent, Project, Trigger } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { Fire, PrunedFires } from '../../../protocol/gen/muster/v1/schedules_pb.js';
import { notFound, paged, time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { findProject } from './findProject.js';
import { schedulerOf } from './shapes.js';
import { triggerSpec } from './spec.js';

type SchedulerCalls = Pick<
  ServiceImpl<typeof ProjectService>,
  | 'getScheduler'
  | 'listSchedulers'
  | 'listSchedulerRuns'
  | 'batchGetLatestSchedulerRuns'
  | 'startSchedulerRun'
  | 'setSchedulerTriggerEnabled'
  | 'pruneSchedulerRuns'
>;

/** The part of `agentcompose.v2.ProjectService` that is about schedulers. */
export function schedulerCalls(ours: OurCalls): SchedulerCalls {
  const scheduled = async (reference: ProjectRef | undefined, agentName: string) => {
    const project = await findProject(ours, reference);
    const agent = project.agents.find(({ name, hasScheduler }) => name === agentName && hasScheduler);
    if (!agent) throw notFound(`scheduler of ${JSON.stringify(agentName)} in project ${project.name}`);
    return { project, agent };
  };
  const firesOf = async ({ id }: Project, agent: string, name = ''): Promise<readonly Fire[]> =>
    (await ours.schedules.listFires({ project: id, agent, name, limit: 500 })).fires;
  return {
    async getScheduler(request) {
      const { project, agent } = await scheduled(request.project, request.agentName);
      return {
        scheduler: schedulerOf(project, agent),
        spec: { enabled: agent.schedulerEnabled, triggers: agent.triggers.map(triggerSpec) },
        triggers: agent.triggers.map(resolved),
      };
    },

    async listSchedulers({ query, limit, offset }) {
      const { projects } = await ours.projects.listProjects({});
      const all = projects.flatMap(project =>
        project.agents
          .filter(({ name, hasScheduler }) => hasScheduler && name.includes(query))
          .map(agent => ({ project, agent })),
      );
      const { page, total } = paged(all, { offset, limit });
      return { schedulers: page.map(summaryOf), total };
    },

    async listSchedulerRuns({ project: reference, agentName, triggerId, status, offset, limit }) {
      const project = await findProject(ours, reference);
      const runs = (await firesOf(project, agentName, triggerId)).map(fire => runOf(project, fire));
      const wanted = status === SchedulerRunStatus.UNSPECIFIED ? runs : runs.filter(run => run.status === status);
      const { page, total } = paged(wanted, { offset, limit });
      return { runs: page, total };
    },

    async batchGetLatestSchedulerRuns({ project: reference, sandboxIds }) {
      const project = await findProject(ours, reference);
      const fires = await firesOf(project, '');
      const results = sandboxIds.flatMap(sandboxId => {
        const latest = fires.find(({ threadId }) => threadId === sandboxId);
        return latest ? [{ sandboxId, run: runOf(project, latest) }] : [];
      });
      return { results };
    },

    async startSchedulerRun(request) {
      const { project, agent } = await scheduled(request.project, request.agentName);
      const name = request.triggerId;
      const { threadId, runId } = await ours.schedules.fireTrigger({ project: project.id, agent: agent.name, name });
      return { run: startedRun(project, agent, { trigger: name, threadId, runId }) };
    },

    async pruneSchedulerRuns({ project: reference, agentName: agent, triggerId: name, status, ...more }) {
      const { id: project } = await findProject(ours, reference);
      const { force, olderThanSeconds } = more;
      const request = { project, agent, name, force, olderThanMs: olderThanSeconds * 1000n };
      const statuses = status.flatMap(each => prunable.get(each) ?? []);
      const { matched, removed } = await ours.schedules.pruneFires({ ...request, statuses });
      return { dryRun: !force, matched: statsOf(matched), removed: statsOf(removed) };
    },

    async setSchedulerTriggerEnabled(request) {
      const { project, agent } = await scheduled(request.project, request.agentName);
      const { triggerId: name, enabled } = request;
      await ours.schedules.enableTrigger({ project: project.id, agent: agent.name, name, enabled });
      const after = await scheduled(request.project, request.agentName);
      const trigger = after.agent.triggers.find(({ key }) => key === name) ?? after.agent.triggers[0];
      return { ...(trigger && { trigger: resolved(trigger) }) };
    },
  };
}

/** A run that was just started by hand. */
function startedRun(
  project: Project,
  agent: Agent,
  { trigger, threadId, runId }: { readonly trigger: string; readonly threadId: string; readonly runId: string },
): SchedulerRun {
  return create(SchedulerRunSchema, {
    runId,
    ...ofAgent(project, agent.name),
    triggerId: trigger,
    triggerSource: 'manual',
    status: SchedulerRunStatus.RUNNING,
    startedAt: time(BigInt(Date.now())),
    sandboxIds: [threadId],
  });
}

function summaryOf({ project, agent }: { readonly project: Project; readonly agent: Agent }) {
  const { projectId, agentName, schedulerId, enabled, triggerCount } = schedulerOf(project, agent);
  return { projectId, agentName, schedulerId, enabled, triggerCount };
}

function resolved(trigger: Trigger): ResolvedTrigger {
  return create(ResolvedTriggerSchema, {
    spec: triggerSpec(trigger),
    triggerId: trigger.key,
    enabled: trigger.automatic && !trigger.switchedOff,
    overridden: trigger.switchedOff,
    nextFireAt: time(trigger.nextFireAt),
    lastFiredAt: time(trigger.lastFiredAt),
  });
}

const outcomes = new Map([
  ['started', SchedulerRunStatus.SUCCEEDED],
  ['skipped', SchedulerRunStatus.SKIPPED],
  ['failed', SchedulerRunStatus.FAILED],
]);

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

/** A fire: what it started is the run whose id it has. */
function runOf(project: Project, fire: Fire): SchedulerRun {
  return create(SchedulerRunSchema, {
    runId: fire.runId,
    ...ofAgent(project, fire.agent),
    triggerId: fire.name,
    triggerSource: fire.by === 'person' ? 'manual' : 'scheduler',
    status: outcomes.get(fire.outcome) ?? SchedulerRunStatus.UNSPECIFIED,
    startedAt: time(fire.at),
    completedAt: time(fire.at),
    error: fire.outcome === 'failed' ? fire.reason : '',
    sandboxIds: fire.threadId === '' ? [] : [fire.threadId],
  });
}

function ofAgent({ id }: Project, agent: string) {
  return { projectId: id, agentName: agent, schedulerId: `${id}/${agent}/scheduler` };
}
