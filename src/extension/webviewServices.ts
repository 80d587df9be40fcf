import * as vscode from 'vscode';
import { collectProviderEnvironment } from '../client/providerEnvironment.js';
import type { BoardSurroundings, LiveBoard, TabServices } from '../pages/board/boardServices.js';
import type { HostConnection, HostState } from './host/hostConnection.js';
import type { ScheduleDocuments } from './log/scheduleDocuments.js';
import type { OwnTasks } from './notifications/ownTasks.js';
import { askModally } from './plain/messages.js';
import type { WorkspaceScope } from './projects/workspaceScope.js';
import { actOnThread } from './threads/actOnThread.js';
import { windowClosing } from './windowClosing.js';
import { changedThreads } from '../pages/changedThreads.js';
import type { ConnectionState, ThreadPageServices } from '../pages/threadPage/threadPageServices.js';

async function startHost(): Promise<void> {
  await vscode.commands.executeCommand('muster.startHost');
}

/** What the thread pages ask for, on top of the connection and the commands. */
export function threadPageServices(
  host: HostConnection,
  {
    scope,
    own,
    drafts,
  }: { readonly scope: WorkspaceScope; readonly own: OwnTasks; readonly drafts: ThreadPageServices['drafts'] },
): ThreadPageServices {
  return {
    drafts,
    closing: windowClosing,
    live: liveBoard(host, scope),
    getThread: async (threadId, signal) => (await host.client(signal)).threads.getThread({ threadId }, { signal }),
    diffThread: async (threadId, signal) =>
      (await host.client(signal)).threads.diffThread({ threadId, allRepositories: true }, { signal }),
    async *readTranscript(request, signal) {
      const client = await host.client(signal);
      yield* client.runs.readTranscript(request, { signal });
    },
    followUp: async ({ threadId, agent, text, key }, signal) => {
      const client = await host.client(signal);
      const environment = collectProviderEnvironment(process.env);
      await client.threads.dispatch({ threadId, agent, prompt: text, environment, idempotencyKey: key }, { signal });
      own.add(threadId);
    },
    act: actOnThread,
    openDiff: async (threadId, path) => {
      await vscode.commands.executeCommand('muster.openChangedFile', threadId, path);
    },
    openRunLog: async (threadId, runId) => {
      await vscode.commands.executeCommand('muster.showLog', threadId, runId);
    },
    startHost,
  };
}

/** What the board asks for, and what its tabs do. */
export function boardServices(
  host: HostConnection,
  scope: WorkspaceScope,
  records: ScheduleDocuments,
): { readonly board: BoardSurroundings; readonly tabs: TabServices } {
  const live = liveBoard(host, scope);
  return {
    board: {
      live,
      act: actOnThread,
      dispatch: async () => {
        await vscode.commands.executeCommand('muster.dispatch');
      },
      startHost,
    },
    tabs: {
      live,
      client: signal => host.client(signal),
      mayAbandonBatch,
      onAgent,
      schedules: {
        preview: async projectId => {
          await vscode.commands.executeCommand('muster.previewSchedule', { kind: 'project', projectId });
        },
        openEvent: id => records.openEvent(id),
        openScriptRun: id => records.openScriptRun(id),
        openComposeFile: async () => {
          await vscode.commands.executeCommand('muster.openComposeFile');
        },
      },
    },
  };
}

async function onAgent(
  kind: 'dispatch' | 'fix',
  { projectId, agent }: { readonly projectId: string; readonly agent: string },
): Promise<void> {
  const command = kind === 'dispatch' ? 'muster.dispatch' : 'muster.explainAgentProblem';
  await vscode.commands.executeCommand(command, { kind: 'agent', projectId, agent });
}

async function mayAbandonBatch(batch: string): Promise<boolean> {
  const abandon = vscode.l10n.t('Abandon Batch');
  const text = vscode.l10n.t('Abandon every thread of the batch "{0}"?', batch);
  const detail = vscode.l10n.t(
    'Runs that are at work stop; worktrees and branches are removed. Everything, also uncommitted work, is kept and can be restored.',
  );
  return (await askModally({ text, detail }, abandon)) === abandon;
}

function liveBoard(host: HostConnection, scope: WorkspaceScope): LiveBoard {
  return {
    get connection() {
      return connectionOf(host.state);
    },
    onDidChangeConnection: listener => host.onDidChangeState(state => listener(connectionOf(state))),
    thread: threadId => host.threads.get(threadId),
    agents: projectId => host.projects.get(projectId)?.agents ?? [],
    onDidChangeThreads: listener => host.onDidChange(change => listener(changedThreads(change, host.threads))),
    projects: () => scope.projects(),
    threads: () => scope.threads(),
  };
}

function connectionOf(state: HostState): ConnectionState {
  switch (state) {
    case 'connected':
      return 'online';
    case 'connecting':
      return 'connecting';
    case 'stopped':
    case 'failed':
      return 'offline';
  }
}
