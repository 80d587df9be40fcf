import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { showDone, whileWaiting } from '../plain/messages.js';
import type { Services } from '../services.js';
import { type AgentReference, usualTask } from './runAgent.js';
import { announceDispatch, sendTask } from './sendTask.js';

/** A trigger of an applied project, as calls of the host name it. */
export interface TriggerReference extends AgentReference {
  /** Its place among the agent's triggers. */
  readonly index: number;
}

/** A trigger as the compose file in the editor words it, which need not be what is applied. */
export interface WrittenTrigger extends AgentReference {
  /** Empty: the usual task. */
  readonly prompt: string;
}

export function isTriggerReference(value: unknown): value is TriggerReference {
  return isAgentReference(value) && 'index' in value && typeof value.index === 'number';
}

export function isWrittenTrigger(value: unknown): value is WrittenTrigger {
  return isAgentReference(value) && 'prompt' in value && typeof value.prompt === 'string';
}

function isAgentReference(value: unknown): value is AgentReference {
  return (
    typeof value === 'object' &&
    value !== null &&
    'projectId' in value &&
    typeof value.projectId === 'string' &&
    'agent' in value &&
    typeof value.agent === 'string'
  );
}

/** Does once what a trigger would do: dispatches its prompt to its agent, as a task of the person who asks. */
export async function fireWritten(services: Services, { projectId, agent, prompt }: WrittenTrigger): Promise<void> {
  const task = prompt.trim() === '' ? usualTask(agent) : prompt;
  await sendTask(services, { projectId, agent, prompt: task, key: randomUUID() });
  await announceDispatch(services, { projectId, agent });
}

/** Fires it as the clock would, so that it stands in its history; false when its scheduler is off in the file. */
export async function fireApplied(services: Services, reference: TriggerReference): Promise<boolean> {
  const name = keyOfTrigger(services, reference);
  if (name === '') return false;
  const { projectId: project, agent } = reference;
  const { threadId, scriptRunId } = await whileWaiting(vscode.l10n.t('Dispatching to {0}', agent), async signal => {
    const { schedules } = await services.host.client(signal);
    return await schedules.fireTrigger({ project, agent, name }, { signal });
  });
  if (scriptRunId !== '') {
    showDone(vscode.l10n.t('The script of {0} runs', agent));
    return true;
  }
  services.attention.dispatchedHere(threadId);
  await announceDispatch(services, reference);
  return true;
}

/** Switches it on or off. */
export async function switchTrigger(
  services: Services,
  reference: TriggerReference,
  { enabled }: { readonly enabled: boolean },
): Promise<void> {
  const { projectId: project, agent } = reference;
  const name = keyOfTrigger(services, reference);
  const title = enabled ? vscode.l10n.t('Switching trigger on') : vscode.l10n.t('Switching trigger off');
  await whileWaiting(title, async signal => {
    const { schedules } = await services.host.client(signal);
    return await schedules.enableTrigger({ project, agent, name, enabled }, { signal });
  });
}

/** By which name calls of the host know it; empty when its scheduler is off in the file. */
export function keyOfTrigger(services: Services, { projectId, agent, index }: TriggerReference): string {
  const found = services.host.projects.get(projectId)?.agents.find(({ name }) => name === agent);
  return found?.triggers[index]?.key ?? '';
}
