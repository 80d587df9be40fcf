import * as vscode from 'vscode';
import { whileWaiting } from '../plain/messages.js';
import type { Services } from '../services.js';
import { announceDispatch } from './sendTask.js';

/** A trigger of an applied project, as calls of the host name it. */
export interface TriggerReference {
  readonly projectId: string;
  readonly agent: string;
  /** Its place among the agent's triggers. */
  readonly index: number;
}

export function isTriggerReference(value: unknown): value is TriggerReference {
  return (
    typeof value === 'object' &&
    value !== null &&
    'projectId' in value &&
    typeof value.projectId === 'string' &&
    'agent' in value &&
    typeof value.agent === 'string' &&
    'index' in value &&
    typeof value.index === 'number'
  );
}

/** Fires it as the clock would, so that it stands in its history; false when its scheduler is off in the file. */
export async function fireApplied(services: Services, reference: TriggerReference): Promise<boolean> {
  const name = keyOf(services, reference);
  if (name === '') return false;
  const { projectId: project, agent } = reference;
  const { threadId } = await whileWaiting(vscode.l10n.t('Dispatching to {0}', agent), async signal => {
    const { schedules } = await services.host.client(signal);
    return await schedules.fireTrigger({ project, agent, name }, { signal });
  });
  services.attention.dispatchedHere(threadId);
  await announceDispatch(agent, threadId);
  return true;
}

/** Switches it on or off. */
export async function switchTrigger(
  services: Services,
  reference: TriggerReference,
  { enabled }: { readonly enabled: boolean },
): Promise<void> {
  const { projectId: project, agent } = reference;
  const name = keyOf(services, reference);
  const title = enabled ? vscode.l10n.t('Switching trigger on') : vscode.l10n.t('Switching trigger off');
  await whileWaiting(title, async signal => {
    const { schedules } = await services.host.client(signal);
    return await schedules.enableTrigger({ project, agent, name, enabled }, { signal });
  });
}

function keyOf(services: Services, { projectId, agent, index }: TriggerReference): string {
  const found = services.host.projects.get(projectId)?.agents.find(({ name }) => name === agent);
  return found?.triggers[index]?.key ?? '';
}
