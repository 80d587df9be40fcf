import * as vscode from 'vscode';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import type { Services } from '../services.js';
import type { TaskContext } from './taskText.js';
import { showDone, whileWaiting } from '../plain/messages.js';
import { projectTitle } from '../threads/threadTitles.js';

export interface Task {
  /** Project of the agent; not needed for a follow-up. */
  readonly projectId?: string;
  readonly agent: string;
  /** The thread that this follows up on. */
  readonly threadId?: string;
  readonly prompt: string;
  /** What the thread is called; empty: the first line of the prompt. */
  readonly summary?: string;
  readonly context?: readonly TaskContext[];
  /** Base branch or commit; empty: what the agent's definition says. */
  readonly base?: string;
  /** A new thread begins with what the person has not committed. */
  readonly withChanges?: boolean;
  /** A merge of the thread that is asked for again when the task has ended well. */
  readonly thenMerge?: string;
  /** The same key twice makes one dispatch. */
  readonly key: string;
}

/** Agents in the order they were last used. */
const recentAgentsKey = 'recentAgents';
const maximumRecent = 20;

/** Dispatches a task and returns its thread's id. */
export async function sendTask(services: Services, task: Task): Promise<string> {
  const { projectId = '', threadId = '', prompt, summary = '', context = [], base = '', thenMerge = '', key } = task;
  const { withChanges = false } = task;
  const title = vscode.l10n.t('Dispatching to {0}', task.agent);
  const response = await whileWaiting(title, async signal => {
    const client = await services.host.client(signal);
    return client.threads.dispatch(
      {
        project: projectId,
        agent: task.agent,
        threadId,
        prompt,
        summary,
        context: context.map(each => ({ ...each })),
        environment: collectProviderEnvironment(process.env),
        base,
        withChanges,
        thenMerge,
        idempotencyKey: key,
      },
      { signal },
    );
  });
  services.attention.dispatchedHere(response.threadId);
  if (projectId !== '') await rememberAgent(services, `${projectId}/${task.agent}`);
  return response.threadId;
}

/** `project id/agent`, the last used first. */
export function recentAgents(services: Services): readonly string[] {
  const stored = services.context.workspaceState.get<unknown>(recentAgentsKey);
  return Array.isArray(stored) ? stored.filter(entry => typeof entry === 'string') : [];
}

async function rememberAgent(services: Services, entry: string): Promise<void> {
  const others = recentAgents(services).filter(known => known !== entry);
  await services.context.workspaceState.update(recentAgentsKey, [entry, ...others].slice(0, maximumRecent));
}

/** An agent, with its project where the window has several. */
export function receiverName(
  { scope }: Pick<Services, 'scope'>,
  { projectId, agent }: { readonly projectId: string; readonly agent: string },
): string {
  const projects = scope.projects();
  const project = projects.length > 1 ? projects.find(({ id }) => id === projectId) : undefined;
  return project ? `${projectTitle(project)}/${agent}` : agent;
}

/** Says where a task went, without taking anyone's focus. */
export async function announceDispatch(
  services: Pick<Services, 'scope'>,
  receiver: { readonly projectId: string; readonly agent: string },
): Promise<void> {
  showDone(vscode.l10n.t('Dispatched to {0}', receiverName(services, receiver)), 5000);
  await vscode.commands.executeCommand('muster.threads.focus', { preserveFocus: true });
}
