import type { SessionEnvVar } from '../../../protocol/gen/agentcompose/v1/types_pb.js';
import type { Agent, Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { OurCalls } from '../ours.js';
import { collected, said } from '../v2/dispatched.js';
import { described, findThread } from '../v2/findThread.js';
import { sessionOf } from './shapes.js';

/** An agent of a project. */
export interface Defined {
  readonly project: Project;
  readonly agent: Agent;
}

/** Every agent of every project, in the order of the files. */
export async function allAgents({ projects }: OurCalls): Promise<readonly Defined[]> {
  const all = await projects.listProjects({});
  return all.projects.flatMap(project => project.agents.map(agent => ({ project, agent })));
}

/** A session of an agent, which is a thread with its worktree. That is made for what runs in it: a command that does nothing. */
export async function openSession(
  ours: OurCalls,
  { project, agent }: Defined,
  wanted: {
    readonly title: string;
    readonly envItems: readonly Pick<SessionEnvVar, 'name' | 'value'>[];
    readonly signal: AbortSignal;
  },
) {
  const { title, envItems, signal } = wanted;
  const { threadId, runId } = await ours.threads.dispatch({
    project: project.id,
    agent: agent.name,
    prompt: ':',
    command: true,
    summary: title || `Session of ${agent.name}`,
    environment: Object.fromEntries(envItems.map(({ name, value }) => [name, value])),
  });
  await collected(said(ours, { runId, threadId, signal }));
  return { session: { summary: sessionOf(await described(ours, await findThread(ours, threadId))) } };
}
