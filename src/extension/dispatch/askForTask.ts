import * as vscode from 'vscode';
import { createLivePick } from '../plain/picks.js';
import { plainText } from '../plain/plainText.js';
import { agentDescription, type AgentChoice } from './agentChoice.js';

/** What a person chose: an agent, and the task if it was typed right there. */
export interface TaskAnswer {
  readonly choice: AgentChoice;
  /** Empty: the task is to be written in an editor. */
  readonly prompt: string;
}

interface AgentPick extends vscode.QuickPickItem {
  readonly choice: AgentChoice;
}

/**
 * Agents, the last used first. Typing the start of an agent's name narrows the list; anything else is the task itself,
 * and Enter sends it to the agent in front.
 */
export function askForTask(
  choices: readonly AgentChoice[],
  { title }: { readonly title: string },
): Promise<TaskAnswer | undefined> {
  return new Promise(resolve => {
    const { pick, show: showRows, selected } = createLivePick<AgentPick>();
    const withProject = new Set(choices.map(({ project }) => project.id)).size > 1;
    let answer: TaskAnswer | undefined;
    const show = (): void => {
      showRows(rows(choices, { value: pick.value, withProject }));
    };
    pick.title = plainText(title);
    pick.placeholder = vscode.l10n.t('Choose an agent, or type a one-line task for the first one');
    pick.onDidChangeValue(show);
    pick.onDidAccept(() => {
      const row = selected();
      if (!row) return;
      answer = { choice: row.choice, prompt: isTask(pick.value, choices) ? pick.value.trim() : '' };
      pick.hide();
    });
    pick.onDidHide(() => {
      pick.dispose();
      resolve(answer);
    });
    show();
    pick.show();
  });
}

function rows(
  choices: readonly AgentChoice[],
  { value, withProject }: { readonly value: string; readonly withProject: boolean },
): readonly AgentPick[] {
  const task = isTask(value, choices);
  return choices.map(choice => ({
    label: choice.agent.name,
    description: agentDescription(choice, { withProject }),
    ...(choice.agent.problem === '' ? {} : { detail: choice.agent.problem }),
    ...(task ? { detail: vscode.l10n.t('Dispatch: {0}', value.trim()) } : {}),
    iconPath: new vscode.ThemeIcon(task ? 'send' : choice.agent.problem === '' ? 'robot' : 'warning'),
    alwaysShow: task,
    choice,
  }));
}

/** What is typed is a task unless it is the start of an agent's name. */
function isTask(value: string, choices: readonly AgentChoice[]): boolean {
  const typed = value.trim().toLowerCase();
  return typed !== '' && !choices.some(({ agent }) => agent.name.toLowerCase().startsWith(typed));
}
