import * as vscode from 'vscode';
import { createLivePick } from '../plain/picks.js';
import { plainText } from '../plain/plainText.js';
import { agentRow, type AgentChoice, type AgentRow } from './agentChoice.js';

/** What a person chose: an agent, and the task if it was typed right there. */
export interface TaskAnswer {
  readonly choice: AgentChoice;
  /** Empty: the task is to be written in an editor. */
  readonly prompt: string;
}

/**
 * Agents in the order of their file, the last used one selected. Typing the start of an agent's name narrows the list; anything
 * else is the task itself, and Enter sends it to the selected agent, which typing does not change.
 */
export function askForTask(
  choices: readonly AgentChoice[],
  { title, several }: { readonly title: string; readonly several: boolean },
): Promise<TaskAnswer | undefined> {
  return new Promise(resolve => {
    const { pick, show: showRows, selected, active, activate } = createLivePick<AgentRow>();
    let answer: TaskAnswer | undefined;
    // VS Code knows of no row for a moment after each letter. Whoever is quick with Enter means the one that they see.
    let last = choices.find(({ lastUsed }) => lastUsed) ?? choices[0];
    const show = (): void => {
      const listed = rows(choices, { value: pick.value, several });
      showRows(listed);
      const again = listed.find(({ choice }) => choice === last);
      if (again) activate(again);
    };
    pick.title = plainText(title);
    pick.placeholder = vscode.l10n.t('Choose an agent, or type a one-line task for the selected one');
    pick.keepScrollPosition = true;
    pick.onDidChangeActive(() => (last = active()?.choice ?? last));
    pick.onDidChangeValue(show);
    pick.onDidAccept(() => {
      const task = isTask(pick.value, choices);
      const choice = selected()?.choice ?? (task ? last : undefined);
      if (!choice) return;
      answer = { choice, prompt: task ? pick.value.trim() : '' };
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
  { value, several }: { readonly value: string; readonly several: boolean },
): readonly AgentRow[] {
  const task = isTask(value, choices);
  return choices.map(choice => {
    const row = agentRow(choice, { several });
    if (!task) return row;
    // An agent that cannot work stays marked: its problem is more important than what would be sent.
    if (choice.agent.problem !== '') return { ...row, alwaysShow: true };
    const detail = vscode.l10n.t('Dispatch: {0}', value.trim());
    return { ...row, detail, iconPath: new vscode.ThemeIcon('send'), alwaysShow: true };
  });
}

/** What is typed is a task unless it is the start of an agent's name. */
function isTask(value: string, choices: readonly AgentChoice[]): boolean {
  const typed = value.trim().toLowerCase();
  return typed !== '' && !choices.some(({ agent }) => agent.name.toLowerCase().startsWith(typed));
}
