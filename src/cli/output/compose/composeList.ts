import { theirRunStatus } from '../../../protocol/theirRunStatus.js';
import type { Agent, Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../../command.js';
import { isResident, listedAgentShape, listedSandboxShape, type Era } from './shapes.js';
import { printRows, projectOf } from '../projectReport.js';
import { oneLine } from '../terminalText.js';
import { threadJson } from '../wireJson.js';

export interface ThreadList {
  /** Undefined: the threads are those of every project. */
  readonly project: Project | undefined;
  /** Newest first. */
  readonly threads: readonly Thread[];
}

/** Prints `ps` with agent-compose's keys beside our own, or as one of its eras does. */
export function printComposeList(
  context: CommandContext,
  list: ThreadList,
  { verbose = false }: { readonly verbose?: boolean } = {},
): void {
  const { compat, json, out } = context;
  if (json) {
    const project = list.project ? projectOf(list.project, compat) : null;
    const agents = compat !== 'head' && { agents: listAgents(list, compat) };
    const sandboxes = compat !== 'seed' && { sandboxes: listSandboxes(list) };
    out.json({
      project,
      ...(compat === undefined && { threads: list.threads.map(threadJson) }),
      ...agents,
      ...sandboxes,
    });
  } else if (compat === 'seed') printRows(out, seedRows(list));
  else printRows(out, sandboxRows(list, { verbose }));
}

function listAgents({ project, threads }: ThreadList, era: Era) {
  if (!project) return [];
  return project.agents.map(agent => {
    const { latest, session } = stateOf(agent, threads);
    return listedAgentShape(project, agent, { era, latest: latest?.latestRun, session });
  });
}

/** The worktrees among the threads, as sandboxes. */
export function listSandboxes({ project, threads }: ThreadList) {
  return threads
    .filter(({ worktree }) => worktree !== '')
    .map(thread =>
      listedSandboxShape(
        thread,
        project?.agents.find(({ name }) => name === thread.agent),
      ),
    );
}

function stateOf(agent: Agent, threads: readonly Thread[]) {
  const own = threads.filter(thread => thread.agent === agent.name);
  const newest = own.toSorted((a, b) => Number((b.latestRun?.queuedAt ?? 0n) - (a.latestRun?.queuedAt ?? 0n)));
  return { latest: newest[0], session: newest.find(isResident) };
}

function seedRows({ project, threads }: ThreadList): readonly (readonly string[])[] {
  const rows = (project?.agents ?? []).map(agent => {
    const { latest, session } = stateOf(agent, threads);
    const run = latest?.latestRun;
    const scheduler = !agent.hasScheduler ? '' : agent.schedulerEnabled ? 'enabled' : 'disabled';
    return [
      agent.name,
      scheduler,
      run?.id ?? '',
      run ? theirRunStatus(run) : '',
      session?.id ?? '',
      agent.driver,
      agent.image,
    ];
  });
  return [['AGENT', 'SCHEDULER', 'LATEST RUN', 'RUN STATUS', 'SESSION', 'DRIVER', 'IMAGE'], ...rows];
}

export function sandboxRows(
  list: ThreadList,
  { verbose }: { readonly verbose: boolean },
): readonly (readonly string[])[] {
  const more = verbose ? ['DRIVER', 'IMAGE', 'WORKSPACE'] : [];
  const rows = listSandboxes(list).map(sandbox => [
    sandbox.sandbox_short_id,
    oneLine(sandbox.agent),
    sandbox.status,
    sandbox.run_short_id ?? '',
    sandbox.created_at,
    sandbox.updated_at,
    ...(verbose ? [sandbox.driver, sandbox.image ?? '', sandbox.workspace ?? ''] : []),
  ]);
  return [['SANDBOX ID', 'AGENT', 'STATUS', 'RUN ID', 'CREATED', 'UPDATED', ...more], ...rows];
}
