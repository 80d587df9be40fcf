import * as vscode from 'vscode';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { showWarning } from '../plain/messages.js';
import type { Services } from '../services.js';
import type { AgentNode } from '../views/projectsNode.js';

/** Says what is wrong with an agent, with the ways to mend it. */
export async function explainAgent(services: Services, target: AgentNode): Promise<void> {
  const project = services.host.projects.get(target.projectId);
  const problem = project?.agents.find(({ name }) => name === target.agent)?.problem ?? '';
  if (project && problem !== '') await explain(target, { problem, folder: project.folder });
}

/** The same for the agent of a thread: what its run said where the agent itself knows of nothing. */
export async function explainAgentOf(services: Services, thread: Thread): Promise<void> {
  const project = services.host.projects.get(thread.projectId);
  const known = project?.agents.find(({ name }) => name === thread.agent)?.problem ?? '';
  const problem = known === '' ? (thread.latestRun?.error?.message ?? thread.needs) : known;
  const target: AgentNode = { kind: 'agent', projectId: thread.projectId, agent: thread.agent };
  await explain(target, { problem, folder: project?.folder ?? thread.repository });
}

async function explain(
  target: AgentNode,
  { problem, folder }: { readonly problem: string; readonly folder: string },
): Promise<void> {
  const terminal = vscode.l10n.t('Open Terminal');
  const again = vscode.l10n.t('Check Again');
  const file = vscode.l10n.t('Open Compose File');
  const chosen = await showWarning(`${target.agent}: ${problem}`, terminal, again, file);
  if (chosen === terminal) vscode.window.createTerminal({ cwd: folder }).show();
  if (chosen === again) await vscode.commands.executeCommand('muster.refreshEnvironment');
  if (chosen === file) await vscode.commands.executeCommand('muster.openComposeFile', target);
}
