import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { sendTask } from './sendTask.js';
import { askForLine } from '../plain/picks.js';

export interface AgentReference {
  readonly projectId: string;
  readonly agent: string;
}

/** What an agent is told when nobody says more. */
export function usualTask(agent: string): string {
  return `Run agent ${agent}.`;
}

/** Asks for one line, ready to be accepted as it is, dispatches it and shows the thread as it works. */
export async function runAgent(services: Services, { projectId, agent }: AgentReference): Promise<void> {
  const prompt = await askForLine({
    title: vscode.l10n.t('Run {0}', agent),
    prompt: vscode.l10n.t('What should {0} do?', agent),
    value: usualTask(agent),
  });
  if (prompt === undefined || prompt.trim() === '') return;
  const threadId = await sendTask(services, { projectId, agent, prompt, key: randomUUID() });
  await services.pages.open(threadId, { title: prompt.trim() });
}
