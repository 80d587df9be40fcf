import type { ServiceImpl } from '@connectrpc/connect';
import {
  MetricStatus,
  SandboxService,
  SandboxStopOutcome,
  type Sandbox,
} from '../../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import type { Agent } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { notFound, paged, partly, time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { isAtWork, sandboxOf, sandboxStatus } from './shapes.js';

/** `agentcompose.v2.SandboxService`: a thread's worktree is its sandbox. */
export function sandboxCalls(ours: OurCalls): Partial<ServiceImpl<typeof SandboxService>> {
  const found = async (sandboxId: string): Promise<Sandbox> => await described(ours, await findThread(ours, sandboxId));
  return partly(
    SandboxService,
    {
      getSandbox: async ({ sandboxId }) => ({ sandbox: await found(sandboxId) }),

      async listSandboxes({ projectId, status, offset, limit }) {
        const threads = (await allThreads(ours, projectId))
          .filter(({ worktree }) => worktree !== '')
          .filter(thread => status.length === 0 || status.includes(sandboxStatus(thread)));
        const agents = await agentsOf(ours);
        const { page, total } = paged(threads, { offset, limit });
        return { sandboxes: page.map(thread => sandboxOf(thread, agents(thread))), total };
      },

      async stopSandbox({ sandboxId }) {
        const { id: threadId } = await findThread(ours, sandboxId);
        await ours.threads.cancelThread({ threadId });
        return { sandbox: await found(threadId), outcome: SandboxStopOutcome.GRACEFUL };
      },

      async resumeSandbox({ sandboxId }) {
        const { id: threadId, worktree } = await findThread(ours, sandboxId);
        if (worktree === '') await ours.threads.restoreThread({ threadId });
        return { sandbox: await found(threadId) };
      },

      async removeSandbox({ sandboxId, force }) {
        const thread = await findThread(ours, sandboxId);
        const stopped = force && isAtWork(thread);
        if (stopped) await ours.threads.cancelThread({ threadId: thread.id });
        if (thread.worktree !== '') await ours.worktrees.removeWorktree({ threadId: thread.id });
        return { sandboxId: thread.id, stopped, removed: true };
      },

      async getSandboxStats({ sandboxId }) {
        const sandbox = await found(sandboxId);
        const none = { status: MetricStatus.UNAVAILABLE, message: 'not measured for processes of this machine' };
        return {
          stats: {
            sandboxId: sandbox.sandboxId,
            driver: sandbox.driver,
            sampledAt: time(BigInt(Date.now())),
            cpuPercent: none,
            memoryUsageBytes: none,
            memoryLimitBytes: none,
            memoryPercent: none,
            networkRxBytes: none,
            networkTxBytes: none,
            blockReadBytes: none,
            blockWriteBytes: none,
            uptimeSeconds: none,
          },
        };
      },
    },
    'Worktrees are listed by ListSandboxes; `muster logs` reads their conversations.',
  );
}

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

async function described(ours: OurCalls, thread: Thread): Promise<Sandbox> {
  return sandboxOf(thread, (await agentsOf(ours))(thread));
}

async function agentsOf({ projects }: OurCalls): Promise<(thread: Thread) => Agent | undefined> {
  const all = await projects.listProjects({});
  return ({ projectId, agent }) =>
    all.projects.find(({ id }) => id === projectId)?.agents.find(({ name }) => name === agent);
}
