import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  LoaderRunSummarySchema,
  LoaderService,
  LoaderSummarySchema,
  LoaderTriggerKind,
  type LoaderRunSummary,
  type LoaderSummary,
} from '../../../protocol/gen/agentcompose/v1/loaders_pb.js';
import { fireStatus, startedBy, type FireRecord } from '../../../protocol/fireEvents.js';
import type { Agent, Project, Trigger } from '../../../protocol/gen/muster/v1/projects_pb.js';
import { invalid, notFound, notYet, partly } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { eventsOfFires, findFire, readFires, schedulerId, schedulerRunOf, triggerKey } from '../v2/fireRecords.js';
import { ended } from '../v2/schedulerRunCalls.js';
import { text, textOf } from './shapes.js';

interface Loader {
  readonly project: Project;
  readonly agent: Agent;
}

/** `agentcompose.v1.LoaderService`: a loader is the scheduler of an agent, and has its id. */
export function loaderCalls(ours: OurCalls): Partial<ServiceImpl<typeof LoaderService>> {
  return partly(
    LoaderService,
    {
      async validateLoader({ script }) {
        const { message, line, column, warning } = await ours.schedules.checkScript({ text: script });
        if (message === '') return {};
        const where = line > 0 ? ` (line ${line}, column ${column})` : '';
        if (!warning) throw invalid(`${message}${where}`);
        return { warnings: [`${message}${where}`] };
      },

      async listLoaders() {
        const loaders = await allLoaders(ours);
        return { loaders: await Promise.all(loaders.map(loader => summaryOf(ours, loader))) };
      },

      getLoader: async ({ loaderId }) => await detailOf(ours, loaderId),

      async setLoaderEnabled({ loaderId, enabled }) {
        const { project, agent } = await findLoader(ours, loaderId);
        for (const { key: name } of agent.triggers)
          await ours.schedules.enableTrigger({ project: project.id, agent: agent.name, name, enabled });
        return await detailOf(ours, loaderId);
      },

      async setLoaderTriggerEnabled({ loaderId, triggerId, enabled }) {
        const { project, agent } = await findLoader(ours, loaderId);
        const name = triggerKey(triggerId);
        await ours.schedules.enableTrigger({ project: project.id, agent: agent.name, name, enabled });
        return await detailOf(ours, loaderId);
      },

      async runLoaderNow({ loaderId, triggerId, payloadJson: payload, timeout }, { signal }) {
        if (timeout !== '') throw notYet('A time limit of one run', 'The agent has one in the compose file.');
        const { project, agent } = await findLoader(ours, loaderId);
        const request = { project: project.id, agent: agent.name, name: triggerKey(triggerId), payload };
        const { runId, scriptRunId } = await ours.schedules.fireTrigger(request);
        const id = runId || scriptRunId;
        await ended(ours, { runId: id, isScript: runId === '', signal });
        return { run: { summary: runOf(project, await findFire(ours, project, id)) } };
      },

      async listLoaderRuns({ loaderId, limit }) {
        const { project, agent } = await findLoader(ours, loaderId);
        const records = await readFires(ours, project, { agent: agent.name });
        return { runs: records.slice(0, limit > 0 ? limit : 100).map(record => runOf(project, record)) };
      },

      async getLoaderRun({ loaderId, runId }) {
        const { project } = await findLoader(ours, loaderId);
        return { run: { summary: runOf(project, await findFire(ours, project, runId)) } };
      },

      async listLoaderEvents({ loaderId, limit }) {
        const { project, agent } = await findLoader(ours, loaderId);
        const events = await eventsOfFires(ours, project, await readFires(ours, project, { agent: agent.name }));
        return {
          events: events.slice(-(limit > 0 ? limit : 100)).map(({ createdAt, ...event }) => ({
            id: event.id,
            loaderId,
            runId: event.runId,
            triggerId: event.triggerId,
            type: event.type.replace(/^scheduler\./, 'loader.'),
            level: event.level,
            message: event.message,
            payloadJson: event.payloadJson,
            linkedSessionId: event.linkedSandboxId,
            linkedCellId: event.linkedCellId,
            createdAt: text(createdAt),
          })),
        };
      },
    },
    'Schedulers are written in a compose file: change it and apply it.',
  );
}

async function allLoaders({ projects }: OurCalls): Promise<readonly Loader[]> {
  const all = await projects.listProjects({});
  return all.projects.flatMap(project =>
    project.agents.filter(({ hasScheduler }) => hasScheduler).map(agent => ({ project, agent })),
  );
}

async function findLoader(ours: OurCalls, loaderId: string): Promise<Loader> {
  const found = (await allLoaders(ours)).find(({ project, agent }) => schedulerId(project, agent.name) === loaderId);
  if (found) return found;
  throw notFound(`loader ${JSON.stringify(loaderId)}`);
}

async function summaryOf(ours: OurCalls, { project, agent }: Loader): Promise<LoaderSummary> {
  const records = await readFires(ours, project, { agent: agent.name });
  const latest = records.map(record => runOf(project, record))[0];
  return create(LoaderSummarySchema, {
    loaderId: schedulerId(project, agent.name),
    name: agent.name,
    description: agent.description,
    enabled: agent.schedulerEnabled,
    runtime: 'scheduler',
    driver: agent.driver,
    guestImage: agent.image,
    defaultAgent: agent.name,
    createdAt: textOf(project.appliedAt),
    updatedAt: textOf(project.appliedAt),
    lastError: latest?.error ?? '',
    triggerCount: agent.triggerCount,
    runCount: records.length,
    latestRunAt: latest?.startedAt ?? '',
    agentId: `${project.id}/${agent.name}`,
  });
}

async function detailOf(ours: OurCalls, loaderId: string) {
  const loader = await findLoader(ours, loaderId);
  const triggers = loader.agent.triggers.map(trigger => triggerOf(loaderId, trigger));
  return { loader: { summary: await summaryOf(ours, loader), triggers } };
}

function triggerOf(loaderId: string, trigger: Trigger) {
  const { key, kind, schedule, timezone, automatic, switchedOff } = trigger;
  return {
    loaderId,
    triggerId: key,
    kind: kindOf(kind),
    topic: kind === 'event' ? schedule : '',
    enabled: automatic && !switchedOff,
    autoId: trigger.name === '',
    specJson: JSON.stringify({ schedule, ...(timezone !== '' && { timezone }) }),
    nextFireAt: textOf(trigger.nextFireAt),
    lastFiredAt: textOf(trigger.lastFiredAt),
  };
}

function runOf(project: Project, record: FireRecord): LoaderRunSummary {
  const run = schedulerRunOf(project, record);
  return create(LoaderRunSummarySchema, {
    runId: startedBy(record.fire),
    loaderId: run.schedulerId,
    triggerId: run.triggerId,
    triggerKind: kindOf(record.trigger?.kind ?? ''),
    triggerSource: run.triggerSource,
    status: fireStatus(record),
    startedAt: text(run.startedAt),
    completedAt: text(run.completedAt),
    durationMs: run.durationMs,
    error: run.error,
    resultJson: run.resultJson,
    payloadJson: run.payloadJson,
    sourceScriptSha256: run.sourceScriptSha256,
  });
}

function kindOf(word: string): LoaderTriggerKind {
  switch (word) {
    case 'interval':
      return LoaderTriggerKind.INTERVAL;
    case 'event':
      return LoaderTriggerKind.EVENT;
    case 'timeout':
      return LoaderTriggerKind.TIMEOUT;
    case 'cron':
      return LoaderTriggerKind.CRON;
    default:
      return LoaderTriggerKind.UNSPECIFIED;
  }
}
