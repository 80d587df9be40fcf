import type { ServiceImpl } from '@connectrpc/connect';
import {
  MetricStatus,
  SandboxStopOutcome,
  type Sandbox,
  type SandboxService,
} from '../../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import type { SandboxUsage } from '../../../protocol/gen/muster/v1/sandboxes_pb.js';
import { paged, time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { agentsOf, allThreads, described, findThread } from './findThread.js';
import { historyOf, watchSandbox } from './sandboxHistory.js';
import { pruneSandboxes } from './sandboxPrune.js';
import { isAtWork, sandboxOf, sandboxStatus } from './shapes.js';

/** `agentcompose.v2.SandboxService`: a thread's worktree is its sandbox. */
export function sandboxCalls(ours: OurCalls): ServiceImpl<typeof SandboxService> {
  const found = async (sandboxId: string): Promise<Sandbox> => await described(ours, await findThread(ours, sandboxId));
  return {
    getSandbox: async ({ sandboxId }) => ({ sandbox: await found(sandboxId) }),

    async listSandboxes({ projectId, status, offset, limit }) {
      const threads = (await allThreads(ours, projectId))
        .filter(({ worktree }) => worktree !== '')
        .filter(thread => status.length === 0 || status.includes(sandboxStatus(thread)));
      const agents = await agentsOf(ours);
      const { page, total } = paged(threads, { offset, limit });
      return { sandboxes: page.map(thread => sandboxOf(thread, agents(thread))), total };
    },

    pruneSandboxes: async request => await pruneSandboxes(ours, request),

    async listSandboxHistory({ sandboxId, offset, limit }) {
      const { cells, events } = await historyOf(ours, await findThread(ours, sandboxId));
      const { page, total } = paged(events, { offset, limit });
      return { cells: [...cells], events: page, total };
    },

    async *watchSandbox({ sandboxId }, { signal }) {
      yield* watchSandbox(ours, (await findThread(ours, sandboxId)).id, signal);
    },

    async stopSandbox({ sandboxId }) {
      const { id: threadId } = await findThread(ours, sandboxId);
      await ours.threads.cancelThread({ threadId });
      const { sandboxes } = await ours.sandboxes.listSandboxes({ threadId });
      for (const { id } of sandboxes) await ours.sandboxes.stopSandbox({ id });
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

    getSandboxStats: async ({ sandboxId }) => ({ stats: await statsOf(ours, await found(sandboxId)) }),
  };
}

/** What the containers of a thread use together; processes of this machine are not measured. */
async function statsOf(ours: OurCalls, { sandboxId, driver }: Sandbox) {
  const { sandboxes } = await ours.sandboxes.listSandboxes({ threadId: sandboxId, usage: true });
  const used = sandboxes.flatMap(({ usage }) => usage ?? []);
  const why = driver === 'process' ? 'not measured for processes of this machine' : 'nothing of it runs';
  const none = { status: MetricStatus.UNAVAILABLE, message: why };
  const sum = (unit: string, of: (usage: SandboxUsage) => number) =>
    used.length === 0
      ? none
      : { status: MetricStatus.OK, unit, value: used.reduce((total, usage) => total + of(usage), 0) };
  const memory = sum('bytes', ({ memoryBytes }) => Number(memoryBytes));
  const limit = sum('bytes', ({ memoryLimitBytes }) => Number(memoryLimitBytes));
  return {
    sandboxId,
    driver,
    sampledAt: time(BigInt(Date.now())),
    cpuPercent: sum('percent', ({ cpus }) => cpus * 100),
    memoryUsageBytes: memory,
    memoryLimitBytes: limit,
    memoryPercent: none,
    networkRxBytes: none,
    networkTxBytes: none,
    blockReadBytes: none,
    blockWriteBytes: none,
    uptimeSeconds: none,
  };
}
