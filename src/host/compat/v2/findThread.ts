import type { Sandbox } from '../../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import type { Agent } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { notFound } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { sandboxOf } from './shapes.js';

/** A sandbox is a thread's worktree, and has the thread's id. */
export async function findThread({ threads }: OurCalls, id: string): Promise<Thread> {
  const { thread } = await threads.getThread({ threadId: id });
  if (!thread) throw notFound(`sandbox ${id}`);
  return thread;
}

export async function allThreads({ threads }: OurCalls, project: string): Promise<readonly Thread[]> {
  const all: Thread[] = [];
  let cursor = '';
  do {
    const page = await threads.listThreads({ project, cursor, limit: 500 });
    all.push(...page.threads);
    cursor = page.nextCursor;
  } while (cursor !== '');
  return all;
}

export async function described(ours: OurCalls, thread: Thread): Promise<Sandbox> {
  return sandboxOf(thread, (await agentsOf(ours))(thread));
}

export async function agentsOf({ projects }: OurCalls): Promise<(thread: Thread) => Agent | undefined> {
  const all = await projects.listProjects({});
  return ({ projectId, agent }) =>
    all.projects.find(({ id }) => id === projectId)?.agents.find(({ name }) => name === agent);
}
