import type { ServiceImpl } from '@connectrpc/connect';
import {
  SessionService,
  WatchSessionEventType,
  type CreateSessionRequest,
  type ListSessionsRequest,
} from '../../../protocol/gen/agentcompose/v1/sessions_pb.js';
import { SandboxWatchEventType, type Sandbox } from '../../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { invalid, notFound, notYet, partly } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { agentsOf, allThreads, described, findThread } from '../v2/findThread.js';
import { watchSandbox } from '../v2/sandboxHistory.js';
import { sandboxOf } from '../v2/shapes.js';
import { allAgents, openSession, type Defined } from './openSession.js';
import { pageOf, sessionEventOf, sessionOf } from './shapes.js';

/** `agentcompose.v1.SessionService`: a session is a thread's worktree, and has the thread's id. */
export function sessionCalls(ours: OurCalls): Partial<ServiceImpl<typeof SessionService>> {
  const shown = async (thread: Thread) => ({ session: { summary: sessionOf(await described(ours, thread)) } });
  return partly(
    SessionService,
    {
      getSession: async ({ sessionId }) => await shown(await findThread(ours, sessionId)),

      async createSession({ capsetIds, title, envItems, ...wanted }, { signal }) {
        if (capsetIds.length > 0) throw notYet('capset_ids of a session', 'MCP servers are in the compose file.');
        return await openSession(ours, await agentFor(ours, wanted), { title, envItems, signal });
      },

      async listSessions(request) {
        const agents = await agentsOf(ours);
        const found = (await allThreads(ours, ''))
          .filter(({ worktree }) => worktree !== '')
          .map(thread => sandboxOf(thread, agents(thread)))
          .filter(sandbox => isWanted(sandbox, request))
          .map(sessionOf);
        const { page: sessions, ...rest } = pageOf(found, request);
        return { sessions, ...rest };
      },

      async stopSession({ sessionId }) {
        const { id: threadId } = await findThread(ours, sessionId);
        await ours.threads.cancelThread({ threadId });
        return await shown(await findThread(ours, threadId));
      },

      async resumeSession({ sessionId }) {
        const { id: threadId, worktree } = await findThread(ours, sessionId);
        if (worktree === '') await ours.threads.restoreThread({ threadId });
        return await shown(await findThread(ours, threadId));
      },

      async getSessionProxy({ sessionId }) {
        const thread = await findThread(ours, sessionId);
        const { server } = await ours.notebooks.getNotebookServer({ threadId: thread.id });
        const { driver, vmStatus } = sessionOf(await described(ours, thread));
        const proxyPath = server?.state === 'ready' ? server.path : '';
        return { sessionId: thread.id, proxyPath, notebookUrl: '', driver, vmStatus };
      },

      async *watchSession({ sessionId }, { signal }) {
        const { id } = await findThread(ours, sessionId);
        for await (const { eventType, sandbox, event } of watchSandbox(ours, id, signal))
          if (eventType === SandboxWatchEventType.EVENT_ADDED && event)
            yield { eventType: WatchSessionEventType.EVENT_ADDED, event: sessionEventOf(event) };
          else if (sandbox) yield { eventType: WatchSessionEventType.SESSION_UPDATED, session: sessionOf(sandbox) };
      },
    },
    'Agents work in the folders of compose files.',
  );
}

/** The first agent of the workspace’s project that has this driver and image: a session has an agent’s place here. */
async function agentFor(
  ours: OurCalls,
  wanted: Pick<CreateSessionRequest, 'workspaceId' | 'baseWorkspace' | 'driver' | 'guestImage'>,
): Promise<Defined> {
  const { workspaceId, baseWorkspace, driver, guestImage } = wanted;
  const agents = (await allAgents(ours)).filter(
    ({ project }) =>
      !project.removed &&
      (workspaceId === '' || project.id === workspaceId || project.name === workspaceId) &&
      (baseWorkspace === '' || project.folder === baseWorkspace),
  );
  const [projectId, ...others] = new Set(agents.map(({ project }) => project.id));
  if (projectId === undefined) throw notFound('project in that workspace');
  if (others.length > 0) throw invalid('Several projects fit: name one by workspace_id (ListWorkspaceConfigs).');
  const fitting = agents.find(
    ({ agent }) => (driver === '' || agent.driver === driver) && (guestImage === '' || agent.image === guestImage),
  );
  if (fitting) return fitting;
  throw notFound('agent there with this driver and image');
}

function isWanted(sandbox: Sandbox, wanted: ListSessionsRequest): boolean {
  const { title, driver, vmStatus, createdAt, updatedAt, workspacePath, triggerSource } = sessionOf(sandbox);
  const has = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase());
  return (
    has(title, wanted.titleQuery) &&
    has(workspacePath, wanted.workspaceQuery) &&
    has(triggerSource, wanted.triggerSourceQuery) &&
    (wanted.driver === '' || driver === wanted.driver) &&
    (wanted.vmStatus === '' || vmStatus === wanted.vmStatus.toUpperCase()) &&
    isWithin(createdAt, wanted.createdFrom, wanted.createdTo) &&
    isWithin(updatedAt, wanted.updatedFrom, wanted.updatedTo)
  );
}

/** What is no time limits nothing. */
function isWithin(at: string, from: string, to: string): boolean {
  const time = Date.parse(at);
  return !(time < Date.parse(from)) && !(time > Date.parse(to));
}
