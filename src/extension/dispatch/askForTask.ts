import * as vscode from 'vscode';
import { createLivePick } from '../plain/picks.js';
import { plainText } from '../plain/plainText.js';
import type { AgentChoice } from './agentChoice.js';
import { agentRows, type AgentRow } from './agentRows.js';
import { projectTitle } from '../threads/threadTitles.js';

/** What a person chose: an agent, and the task if it was typed right there. */
export interface TaskAnswer {
  readonly choice: AgentChoice;
  /** Empty: the task is to be written in an editor. */
  readonly prompt: string;
}

/** A row, and the task that Enter on it dispatches; empty: Enter chooses the agent. */
interface TaskRow extends AgentRow {
  readonly prompt: string;
}

/** What is listed, and which of it is highlighted. */
interface Listed {
  readonly rows: readonly TaskRow[];
  readonly highlighted: TaskRow | undefined;
}

/**
 * Agents by project in the order of their files, the last used one selected. Typing words of an agent's or a project's name
 * narrows the list to those agents, to be chosen; anything else is the task itself, and Enter sends it to the agent that the
 * person went to, or the last used one. Typing does not change which that is.
 */
export function askForTask(
  choices: readonly AgentChoice[],
  { title, several }: { readonly title: string; readonly several: boolean },
): Promise<TaskAnswer | undefined> {
  return new Promise(resolve => {
    let answer: TaskAnswer | undefined;
    let receiver = choices.find(({ lastUsed }) => lastUsed) ?? choices[0];
    const { pick, show, meant } = createLivePick<TaskRow>(({ choice }) => (receiver = choice ?? receiver));
    const list = (): void => {
      const { rows, highlighted } = listRows(choices, { typed: pick.value.trim(), receiver, several });
      show(rows, highlighted);
    };
    pick.title = plainText(title);
    pick.placeholder = vscode.l10n.t('Choose an agent, or type a one-line task for the selected one');
    pick.keepScrollPosition = true;
    pick.onDidChangeValue(list);
    pick.onDidAccept(() => {
      const row = meant();
      if (!row?.choice) return;
      answer = { choice: row.choice, prompt: row.prompt };
      pick.hide();
    });
    pick.onDidHide(() => {
      pick.dispose();
      resolve(answer);
    });
    list();
    pick.show();
  });
}

function listRows(
  choices: readonly AgentChoice[],
  options: { readonly typed: string; readonly receiver: AgentChoice | undefined; readonly several: boolean },
): Listed {
  const { typed, receiver, several } = options;
  const named = typed === '' ? [] : choices.filter(choice => isNamedBy(choice, typed));
  if (named.length > 0) return namedRows(named, options);
  const rows = agentRows(choices, { several }).map(row =>
    typed === '' ? { ...row, prompt: '' } : taskRow(row, typed),
  );
  return { rows, highlighted: rows.find(({ choice }) => choice !== undefined && choice === receiver) };
}

/** What was typed names agents: to choose one of them comes first, and that it may be a task is a row of its own. */
function namedRows(
  named: readonly AgentChoice[],
  {
    typed,
    receiver,
    several,
  }: { readonly typed: string; readonly receiver: AgentChoice | undefined; readonly several: boolean },
): Listed {
  const rows = agentRows(named, { several }).map((row): TaskRow => {
    const { choice } = row;
    if (!choice) return { ...row, prompt: '' };
    const detail = vscode.l10n.t('Choose {0} and write its task', choice.agent.name);
    return { ...row, ...(choice.agent.problem === '' && { detail }), alwaysShow: true, prompt: '' };
  });
  const highlighted = rows.find(({ choice }) => choice?.agent.problem === '') ?? rows.find(({ choice }) => choice);
  if (!receiver) return { rows, highlighted };
  const name = several ? `${receiver.agent.name} — ${projectTitle(receiver.project)}` : receiver.agent.name;
  const label = vscode.l10n.t('Dispatch “{0}” to {1}', typed, name);
  const iconPath = new vscode.ThemeIcon('send');
  const kind = vscode.QuickPickItemKind.Separator;
  const asTask: readonly TaskRow[] = [
    { label: vscode.l10n.t('As a task'), kind, choice: undefined, prompt: '' },
    { label, iconPath, alwaysShow: true, choice: receiver, prompt: typed },
  ];
  return { rows: [...rows, ...asTask], highlighted };
}

function taskRow(row: AgentRow, typed: string): TaskRow {
  const { choice } = row;
  if (!choice) return { ...row, prompt: '' };
  // An agent that cannot work stays marked: its problem is more important than what would be sent.
  if (choice.agent.problem !== '') return { ...row, alwaysShow: true, prompt: typed };
  const detail = vscode.l10n.t('Dispatch: {0}', typed);
  return { ...row, detail, iconPath: new vscode.ThemeIcon('send'), alwaysShow: true, prompt: typed };
}

/** Whether each word begins a word of the names of an agent and its project. */
function isNamedBy(choice: AgentChoice, typed: string): boolean {
  const names = words(`${choice.agent.name} ${projectTitle(choice.project)}`);
  const wanted = words(typed);
  return wanted.length > 0 && wanted.every(word => names.some(name => name.startsWith(word)));
}

function words(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '');
}
