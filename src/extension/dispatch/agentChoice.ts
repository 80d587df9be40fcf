import * as vscode from 'vscode';
import type { Agent, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Services } from '../services.js';
import { projectOfFile } from './editorContext.js';
import { recentAgents } from './sendTask.js';
import { showInformation } from '../plain/messages.js';
import { windowClosing } from '../windowClosing.js';

/** An agent of an applied project. */
export interface AgentChoice {
  readonly project: Project;
  readonly agent: Agent;
  /** The one that a task is likely for: of the project of the file or thread in front, else of any, the one that work was last given to, among those that can take it. */
  readonly lastUsed: boolean;
}

/** The agents of this window in the order of their files, those with a problem last. Starts the host when it is down. */
export async function listAgents(services: Services): Promise<readonly AgentChoice[]> {
  await services.host.client(windowClosing);
  const recent = recentAgents(services);
  const rank = ({ project, agent }: Pick<AgentChoice, 'project' | 'agent'>): number => {
    const place = recent.indexOf(`${project.id}/${agent.name}`);
    return place === -1 ? recent.length : place;
  };
  const projects = services.scope.projects();
  const choices = projects.flatMap(project => project.agents.map(agent => ({ project, agent })));
  const able = choices.filter(({ agent }) => agent.problem === '');
  const inFront = projectInFront(services);
  const isElsewhere = ({ project }: Pick<AgentChoice, 'project'>): number => (project.id === inFront ? 0 : 1);
  const [lastUsed] = able.toSorted((a, b) => isElsewhere(a) - isElsewhere(b) || rank(a) - rank(b));
  return [...able, ...choices.filter(({ agent }) => agent.problem !== '')].map(choice => ({
    ...choice,
    lastUsed: choice.agent === lastUsed?.agent,
  }));
}

/** Id of the project that a person looks at something of. */
function projectInFront(services: Services): string | undefined {
  const file = vscode.window.activeTextEditor?.document.uri;
  const thread = services.reviews.activeThreadId ?? services.pages.activeThreadId;
  return (file && projectOfFile(services, file)?.id) ?? services.host.threads.get(thread ?? '')?.projectId;
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
