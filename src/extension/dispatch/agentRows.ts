import * as vscode from 'vscode';
import { formatMaker } from '../../protocol/displayFormat.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { pickRow } from '../plain/picks.js';
import { projectTitle } from '../threads/threadTitles.js';
import type { AgentChoice } from './agentChoice.js';

/** A row of a quick pick for an agent, or the separator above those of a project. */
export interface AgentRow extends vscode.QuickPickItem {
  /** Undefined: a separator. */
  readonly choice: AgentChoice | undefined;
}

/** Asks which of several agents. */
export async function pickAgentOf(
  choices: readonly AgentChoice[],
  { several }: { readonly several: boolean },
): Promise<AgentChoice | undefined> {
  const rows = agentRows(choices, { several });
  return (await pickRow(rows, { placeHolder: vscode.l10n.t('Which agent?') }))?.choice;
}

/** Asks who goes on with the work of an agent that its compose file does not name any more. */
export async function pickSuccessor(project: Project, gone: string): Promise<string | undefined> {
  const choices = project.agents.map(agent => ({ project, agent, lastUsed: false }));
  const placeHolder = vscode.l10n.t('{0} is no longer in the compose file. Choose who goes on.', gone);
  return (await pickRow(agentRows(choices, { several: false }), { placeHolder }))?.choice?.agent.name;
}

/** How agents are listed; those of several projects under the names of these. With several in the window, each names its own. */
export function agentRows(
  choices: readonly AgentChoice[],
  { several }: { readonly several: boolean },
): readonly AgentRow[] {
  const projects = [...Map.groupBy(choices, ({ project }) => project.id).values()];
  return projects.flatMap(own => {
    const rows = own.map(choice => agentRow(choice, { several }));
    const [first] = own;
    if (projects.length === 1 || !first) return rows;
    const separator = {
      label: projectTitle(first.project),
      kind: vscode.QuickPickItemKind.Separator,
      choice: undefined,
    };
    return [separator, ...rows];
  });
}

function agentRow(choice: AgentChoice, { several }: { readonly several: boolean }): AgentRow {
  const { agent } = choice;
  const broken = agent.problem !== '';
  return {
    label: agent.name,
    description: agentDescription(choice, { withProject: several }),
    ...((broken || agent.description !== '') && { detail: broken ? agent.problem : agent.description }),
    iconPath: new vscode.ThemeIcon(broken ? 'warning' : 'robot'),
    choice,
  };
}

/** Project, provider, model, driver and load, in the words of the Projects tree. */
function agentDescription(choice: AgentChoice, { withProject }: { readonly withProject: boolean }): string {
  const { agent } = choice;
  return [
    withProject ? vscode.l10n.t('project {0}', projectTitle(choice.project)) : '',
    formatMaker(agent),
    agent.driver === 'process' ? agent.workspace : agent.driver,
    agent.active > 0 ? vscode.l10n.t('{0} working', agent.active) : '',
    agent.queued > 0 ? vscode.l10n.t('{0} queued', agent.queued) : '',
  ]
    .filter(part => part !== '')
    .join(' · ');
}
