import * as vscode from 'vscode';
import type { Agent, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Services } from '../services.js';
import { recentAgents } from './sendTask.js';
import { showInformation } from '../plain/messages.js';

/** An agent of an applied project. */
export interface AgentChoice {
  readonly project: Project;
  readonly agent: Agent;
}

/** The agents of this window, the last used first. Starts the host when it is down. */
export async function listAgents(services: Services): Promise<readonly AgentChoice[]> {
  await services.host.client(new AbortController().signal);
  const recent = recentAgents(services);
  const rank = ({ project, agent }: AgentChoice): number => {
    const place = recent.indexOf(`${project.id}/${agent.name}`);
    return place === -1 ? recent.length : place;
  };
  return services.scope
    .projects()
    .flatMap(project => project.agents.map(agent => ({ project, agent })))
    .sort((a, b) => rank(a) - rank(b));
}

/** Provider, model, driver and load, in the words of the Projects tree. */
export function agentDescription(
  { project, agent }: AgentChoice,
  { withProject }: { readonly withProject: boolean },
): string {
  return [
    withProject ? project.name : '',
    agent.provider,
    agent.model,
    agent.driver === 'process' ? agent.workspace : agent.driver,
    agent.active > 0 ? vscode.l10n.t('{0} working', agent.active) : '',
    agent.queued > 0 ? vscode.l10n.t('{0} queued', agent.queued) : '',
  ]
    .filter(part => part !== '')
    .join(' · ');
}

/** Leads to the next step when no agent is there. */
export async function offerAgents(services: Services): Promise<void> {
  const files = await vscode.workspace.findFiles('**/agent-compose.{yml,yaml}', '**/node_modules/**', 1);
  if (services.scope.projects().length > 0) {
    void showInformation(vscode.l10n.t('The applied compose file names no agents.'));
    return;
  }
  const [command, label, text] =
    files.length > 0
      ? [
          'muster.applyProject',
          vscode.l10n.t('Apply Compose File'),
          vscode.l10n.t('The compose file of this folder is not applied yet.'),
        ]
      : [
          'muster.createComposeFile',
          vscode.l10n.t('Create Compose File'),
          vscode.l10n.t('No agents yet: this folder has no compose file.'),
        ];
  if ((await showInformation(text, label)) === label) await vscode.commands.executeCommand(command);
}
