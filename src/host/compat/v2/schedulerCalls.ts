import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { ProjectService } from '../../../protocol/gen/agentcompose/v2/projects_pb.js';
import { ResolvedTriggerSchema, type ResolvedTrigger } from '../../../protocol/gen/agentcompose/v2/schedulers_pb.js';
import type { Agent, Project, Trigger } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { FireRecord } from '../../../protocol/fireEvents.js';
import { notFound, paged, time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { readFires, schedulerRunOf, triggerKey } from './fireRecords.js';
import { findScheduler } from './findProject.js';
import { schedulerRunCalls } from './schedulerRunCalls.js';
import { schedulerOf } from './shapes.js';
import { triggerSpec } from './spec.js';

type SchedulerCalls = Pick<
  ServiceImpl<typeof ProjectService>,
  'getScheduler' | 'listSchedulers' | 'setSchedulerEnabled' | 'setSchedulerTriggerEnabled'
> &
  ReturnType<typeof schedulerRunCalls>;

/** The part of `agentcompose.v2.ProjectService` that is about schedulers. */
export function schedulerCalls(ours: OurCalls): SchedulerCalls {
  return {
    ...schedulerRunCalls(ours),

    async getScheduler(request) {
      const { project, agent } = await findScheduler(ours, request.project, request.agentName);
      return {
        scheduler: schedulerOf(project, agent),
        spec: { enabled: agent.schedulerEnabled, triggers: agent.triggers.map(triggerSpec) },
        triggers: agent.triggers.map(resolved),
        overridden: isOverridden(agent),
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
      const summaries = page.map(async ({ project, agent }) =>
        summaryOf(project, agent, await readFires(ours, project, { agent: agent.name })),
      );
      return { schedulers: await Promise.all(summaries), total };
    },

    async setSchedulerEnabled({ project: reference, agentName, enabled }) {
      const { project, agent } = await findScheduler(ours, reference, agentName);
      for (const { key: name } of agent.triggers)
        await ours.schedules.enableTrigger({ project: project.id, agent: agent.name, name, enabled });
      const after = await findScheduler(ours, reference, agentName);
      return { scheduler: schedulerOf(after.project, after.agent), overridden: isOverridden(after.agent) };
    },

    async setSchedulerTriggerEnabled(request) {
      const { project, agent } = await findScheduler(ours, request.project, request.agentName);
      const { enabled } = request;
      const name = triggerKey(request.triggerId);
      await ours.schedules.enableTrigger({ project: project.id, agent: agent.name, name, enabled });
      const after = await findScheduler(ours, request.project, request.agentName);
      const trigger = after.agent.triggers.find(({ key }) => key === name) ?? after.agent.triggers[0];
      if (!trigger) throw notFound(`trigger ${JSON.stringify(name)} of ${agent.name}`);
      return { trigger: resolved(trigger) };
    },
  };
}

function summaryOf(project: Project, agent: Agent, records: readonly FireRecord[]) {
  const { projectId, agentName, schedulerId, enabled, triggerCount } = schedulerOf(project, agent);
  const [latest] = records.map(record => schedulerRunOf(project, record));
  return {
    projectId,
    agentName,
    schedulerId,
    enabled,
    triggerCount,
    runCount: records.length,
    latestRunAt: latest?.startedAt,
    lastError: latest?.error ?? '',
    description: agent.description,
  };
}

/** A person switched something off that the file has on. */
function isOverridden({ triggers }: Agent): boolean {
  return triggers.some(({ switchedOff }) => switchedOff);
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
