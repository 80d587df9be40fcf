import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ProjectSchema,
  ProjectSummarySchema,
  AgentModelSource,
  ProjectAgentAvailability,
  ProjectAgentHealth,
  type Project,
  type ProjectAgentSchema,
  type ProjectSummary,
} from '../../../protocol/gen/agentcompose/v2/projects_pb.js';
import { RunDetailSchema, type RunDetail } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import { SandboxSchema, SandboxStatus, type Sandbox } from '../../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import { ProjectSchedulerSchema, type ProjectScheduler } from '../../../protocol/gen/agentcompose/v2/schedulers_pb.js';
import {
  RunSource,
  RunStatus,
  RunSummarySchema,
  type RunSummary,
} from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import type { Agent, Project as OurProject } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { Run, RunDetail as OurDetail } from '../../../protocol/gen/muster/v1/runs_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { theirRunStatus } from '../../../protocol/theirRunStatus.js';
import { time } from '../answers.js';
import { specOf } from './spec.js';

/** Ours in agent-compose's words. A thread's worktree is the sandbox and has the thread's id, as on the command line. */

export function projectSummary(project: OurProject): ProjectSummary {
  return create(ProjectSummarySchema, {
    projectId: project.id,
    name: project.name,
    sourcePath: project.file,
    currentRevision: BigInt(project.revision),
    specHash: project.specHash,
    agentCount: project.agents.length,
    schedulerCount: project.agents.filter(({ hasScheduler }) => hasScheduler).length,
    runningRunCount: project.agents.reduce((sum, { active }) => sum + active, 0),
    createdAt: time(project.appliedAt),
    updatedAt: time(project.appliedAt),
  });
}

export function projectOf(project: OurProject, { withSpec = false }: { readonly withSpec?: boolean } = {}): Project {
  return create(ProjectSchema, {
    summary: projectSummary(project),
    agents: project.agents.map(agent => agentOf(project, agent)),
    schedulers: project.agents.filter(({ hasScheduler }) => hasScheduler).map(agent => schedulerOf(project, agent)),
    ...(withSpec && { spec: specOf(project) }),
  });
}

/** What was applied last. */
export function revisionOf(project: OurProject) {
  const { id: projectId, specHash } = project;
  return { projectId, revision: BigInt(project.revision), specHash, createdAt: time(project.appliedAt) };
}

function agentOf(project: OurProject, agent: Agent): MessageInitShape<typeof ProjectAgentSchema> {
  const works = agent.problem === '';
  return {
    projectId: project.id,
    agentName: agent.name,
    managedAgentId: `${project.id}/${agent.name}`,
    provider: agent.provider,
    model: agent.model,
    resolvedModel: agent.model,
    modelSource: agent.model === '' ? AgentModelSource.PROVIDER_DEFAULT : AgentModelSource.PROJECT,
    image: agent.image,
    driver: agent.driver,
    schedulerEnabled: agent.schedulerEnabled,
    enabled: true,
    availability: works ? ProjectAgentAvailability.AVAILABLE : ProjectAgentAvailability.UNAVAILABLE,
    health: works ? ProjectAgentHealth.HEALTHY : ProjectAgentHealth.AT_RISK,
    currentRun: { runningRunCount: agent.active },
  };
}

export function schedulerOf(project: OurProject, agent: Agent): ProjectScheduler {
  return create(ProjectSchedulerSchema, {
    projectId: project.id,
    agentName: agent.name,
    schedulerId: `${project.id}/${agent.name}/scheduler`,
    enabled: agent.schedulerEnabled,
    triggerCount: agent.triggerCount,
  });
}

export interface RunFacts {
  readonly run: Run;
  readonly detail?: OurDetail | undefined;
}

export function runSummary({ run, detail }: RunFacts): RunSummary {
  const ended = run.startedAt > 0n && run.endedAt > 0n;
  const projectId = detail?.projectId ?? '';
  return create(RunSummarySchema, {
    runId: run.id,
    runShortId: run.id,
    projectId,
    projectName: detail?.projectName ?? '',
    agentId: `${projectId}/${run.agent}`,
    agentName: run.agent,
    source: RunSource.MANUAL,
    status: runStatus(run),
    sandboxId: run.threadId,
    sandboxShortId: run.threadId,
    exitCode: run.exitCode ?? 0,
    error: run.error?.message ?? '',
    startedAt: time(run.startedAt),
    completedAt: time(run.endedAt),
    durationMs: ended ? run.endedAt - run.startedAt : 0n,
    createdAt: time(run.queuedAt),
    updatedAt: time(run.endedAt || run.startedAt || run.queuedAt),
  });
}

/** `output` is what the agent said; without it its last answer. */
export function runDetail(facts: RunFacts, output?: string): RunDetail {
  const { run, detail } = facts;
  return create(RunDetailSchema, {
    summary: runSummary(facts),
    prompt: detail?.prompt ?? '',
    output: output ?? run.answer,
    logsPath: detail?.directory ?? '',
    artifactsDir: detail?.workspace ?? '',
    driver: detail?.driver ?? '',
    imageRef: detail?.image ?? '',
  });
}

const runStatuses = {
  pending: RunStatus.PENDING,
  running: RunStatus.RUNNING,
  succeeded: RunStatus.SUCCEEDED,
  failed: RunStatus.FAILED,
  canceled: RunStatus.CANCELED,
} as const;

export function runStatus(run: Run): RunStatus {
  return runStatuses[theirRunStatus(run)];
}

export function isAtWork({ latestRun }: Thread): boolean {
  return latestRun !== undefined && runStatus(latestRun) === RunStatus.RUNNING;
}

export function sandboxStatus(thread: Thread): SandboxStatus {
  return isAtWork(thread) ? SandboxStatus.RUNNING : SandboxStatus.STOPPED;
}

export function sandboxOf(thread: Thread, agent: Agent | undefined): Sandbox {
  const running = isAtWork(thread);
  return create(SandboxSchema, {
    sandboxId: thread.id,
    status: sandboxStatus(thread),
    driver: agent?.driver ?? 'process',
    projectId: thread.projectId,
    agentName: thread.agent,
    createdAt: time(thread.createdAt),
    updatedAt: time(thread.updatedAt),
    image: agent?.image ?? '',
    workspacePath: thread.worktree,
    tags: [
      { name: 'project', value: thread.projectName },
      { name: 'agent', value: thread.agent },
    ],
    title: thread.summary,
    triggerSource: 'manual',
    stoppedRuntimePolicy: agent?.stoppedRuntimePolicy ?? 'remove',
    stoppedRuntimeState: running ? '' : 'released',
  });
}
