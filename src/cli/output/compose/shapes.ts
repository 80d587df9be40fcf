import { theirRunStatus } from '../../../protocol/theirRunStatus.js';
import type { Agent, Change, Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { Run, RunDetail } from '../../../protocol/gen/muster/v1/runs_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import type { Compat } from '../../options/globalOptions.js';
import { optional } from '../wireJson.js';
import { isoTime, orUndefined } from '../wireText.js';

/**
 * The shapes that agent-compose prints, of both of its eras: `seed` has sessions, `head` has sandboxes and short ids. A thread's
 * worktree is the sandbox, so both have the thread's id. Without an era the keys of both are there.
 */
export type Era = Compat | undefined;

/** Which keys an era has. */
function only<T extends object>(era: Era, wanted: Compat, fields: T): Partial<T> {
  return era === undefined || era === wanted ? fields : {};
}

export function projectShape(project: Project, era: Era) {
  return {
    id: project.id,
    ...only(era, 'head', { short_id: project.id }),
    name: project.name,
    source_path: project.file,
    current_revision: project.revision,
    spec_hash: project.specHash,
    agent_count: project.agents.length,
    scheduler_count: schedulersOf(project).length,
  };
}

/** One line of `project ls`. */
export function listedProjectShape(project: Project, latest: Run | undefined) {
  const applied = isoTime(project.appliedAt);
  return {
    id: project.id,
    name: project.name,
    short_id: project.id,
    config_file: project.file,
    project_dir: project.folder,
    revision: project.revision,
    spec_hash: project.specHash,
    agent_count: project.agents.length,
    scheduler_count: schedulersOf(project).length,
    service_count: 0,
    running_run_count: project.agents.reduce((sum, { active }) => sum + active, 0),
    ...optional({ latest_run_id: latest?.id }),
    created_at: applied,
    updated_at: applied,
  };
}

export function agentShape(project: Project, agent: Agent, era: Era) {
  return {
    ...only(era, 'head', { id: agentId(project, agent), name: agent.name, short_id: agentId(project, agent) }),
    ...only(era, 'seed', { agent_name: agent.name, managed_agent_id: agentId(project, agent) }),
    ...optional({ provider: orUndefined(agent.provider), model: orUndefined(agent.model) }),
    ...only(era, 'head', {
      ...optional({ resolved_model: orUndefined(agent.model) }),
      model_source: agent.model === '' ? 'provider_default' : 'project',
    }),
    ...optional({ image: orUndefined(agent.image), driver: orUndefined(agent.driver) }),
    scheduler_enabled: agent.schedulerEnabled,
  };
}

export function schedulerShape(project: Project, agent: Agent, era: Era) {
  return {
    agent_name: agent.name,
    scheduler_id: schedulerId(project.id, agent.name),
    ...only(era, 'seed', { managed_loader_id: schedulerId(project.id, agent.name) }),
    enabled: agent.schedulerEnabled,
    trigger_count: agent.triggerCount,
  };
}

export function schedulersOf(project: Project): readonly Agent[] {
  return project.agents.filter(({ hasScheduler }) => hasScheduler);
}

export interface RunRecord {
  readonly run: Run;
  readonly detail?: RunDetail | undefined;
  /** What the agent said, when it was read. */
  readonly output?: string | undefined;
  /** Nobody waited for it: the answer says how to read along. */
  readonly detached?: boolean | undefined;
}

export function runShape({ run, detail, output, detached = false }: RunRecord, era: Era) {
  return {
    ...only(era, 'head', { id: run.id, short_id: run.id }),
    ...only(era, 'seed', { run_id: run.id }),
    project_id: '',
    project_name: '',
    ...(detail && { project_id: detail.projectId, project_name: detail.projectName }),
    agent_name: run.agent,
    source: 'manual',
    status: theirRunStatus(run),
    ...only(era, 'seed', { session_id: run.threadId }),
    ...only(era, 'head', { sandbox_id: run.threadId, sandbox_short_id: run.threadId }),
    exit_code: run.exitCode ?? 0,
    ...optional({
      error: orUndefined(run.error?.message ?? ''),
      ...timesOf(run),
      prompt: given(detail?.prompt),
      output: orUndefined(output ?? run.answer),
      logs_path: given(detail?.directory),
      artifacts_dir: given(detail?.workspace),
      driver: given(detail?.driver),
      image_ref: given(detail?.image),
    }),
    ...only(era, 'head', detached ? { logs_command: logsCommand(run) } : {}),
  };
}

export function timesOf({ startedAt, endedAt }: Pick<Run, 'startedAt' | 'endedAt'>) {
  const [started, ended] = [startedAt > 0n, endedAt > 0n];
  return {
    started_at: started ? isoTime(startedAt) : undefined,
    completed_at: ended ? isoTime(endedAt) : undefined,
    duration_ms: started && ended ? Number(endedAt - startedAt) : undefined,
  };
}

function given(text: string | undefined): string | undefined {
  return orUndefined(text ?? '');
}

export function logsCommand(run: Run): string {
  return `muster logs --run-id ${run.id}`;
}

/** A change of `up` or `down`: what a thread has is a session in one era and a sandbox in the other. */
export function changeShape(change: Change, era: Era) {
  const places = { seed: 'session', head: 'sandbox' };
  return {
    action: change.action,
    resource_type: change.resourceType === 'thread' && era !== undefined ? places[era] : change.resourceType,
    ...only(era, 'seed', { resource_id: change.resourceId }),
    ...only(era, 'head', { id: change.resourceId, short_id: change.resourceId }),
    name: change.name,
    ...optional({ message: orUndefined(change.message) }),
  };
}

/** What became of one sandbox that was stopped, resumed or removed. */
export function actionShape(thread: Thread, status: SandboxAction) {
  return { sandbox_id: thread.id, status, ...(status === 'stopped' && { outcome: 'graceful' }) };
}

/** agent-compose’s words for what became of a sandbox. */
export type SandboxAction = 'stopped' | 'resumed' | 'removed';

/** A session of the seed era, a sandbox of the head era. */
export function sandboxShape(thread: Thread, era: Era) {
  const running = isResident(thread);
  return {
    ...only(era, 'seed', { session_id: thread.id }),
    ...only(era, 'head', { sandbox_id: thread.id, sandbox_short_id: thread.id }),
    ...optional({ title: orUndefined(thread.summary) }),
    driver: 'process',
    vm_status: running ? 'RUNNING' : 'STOPPED',
    ...optional({ workspace_path: orUndefined(thread.worktree) }),
    trigger_source: 'manual',
    created_at: isoTime(thread.createdAt),
    updated_at: isoTime(thread.updatedAt),
    cell_count: 0,
    event_count: 0,
    tags: { project: thread.projectName, agent: thread.agent },
    ...only(era, 'head', { stopped_runtime_policy: 'remove', stopped_runtime_state: running ? '' : 'released' }),
  };
}

/** One of `sandboxes` of `ps`. */
export function listedSandboxShape(thread: Thread, agent: Agent | undefined) {
  return {
    sandbox_id: thread.id,
    sandbox_short_id: thread.id,
    agent: thread.agent,
    status: sandboxStatus(thread),
    ...optional({ run_id: thread.latestRun?.id, run_short_id: thread.latestRun?.id }),
    created_at: isoTime(thread.createdAt),
    updated_at: isoTime(thread.updatedAt),
    driver: agent?.driver ?? 'process',
    ...optional({ image: orUndefined(agent?.image ?? ''), workspace: orUndefined(thread.worktree) }),
    stopped_runtime_policy: agent?.stoppedRuntimePolicy ?? 'remove',
    ...optional({ stopped_runtime_state: isResident(thread) ? undefined : 'released' }),
  };
}

/** The words that `--status` takes for sandboxes; of processes only two of them ever hold. */
export const sandboxStatuses = ['pending', 'running', 'stopped', 'failed', 'deleting'] as const;

export function sandboxStatus(thread: Thread): 'running' | 'stopped' {
  return isResident(thread) ? 'running' : 'stopped';
}

/** True while a process of an agent is at work in it. */
export function isResident({ latestRun }: Thread): boolean {
  return latestRun !== undefined && ['starting', 'running', 'waiting'].includes(latestRun.status);
}

/** One of `agents` of `ps`. */
export function listedAgentShape(
  project: Project,
  agent: Agent,
  {
    era,
    latest,
    session,
  }: { readonly era: Era; readonly latest: Run | undefined; readonly session: Thread | undefined },
) {
  return {
    agent_name: agent.name,
    managed_agent_id: agentId(project, agent),
    scheduler_enabled: agent.schedulerEnabled,
    ...optional({ scheduler_id: agent.hasScheduler ? schedulerId(project.id, agent.name) : undefined }),
    scheduler_triggers: agent.triggerCount,
    ...optional({
      latest_run: latest && runShape({ run: latest }, era),
      running_session: session && sandboxShape(session, era),
      driver: orUndefined(agent.driver),
      image: orUndefined(agent.image),
    }),
  };
}

function agentId(project: Project, agent: Agent): string {
  return `${project.id}/${agent.name}`;
}

export function schedulerId(project: string, agent: string): string {
  return `${project}/${agent}/scheduler`;
}
