/** The only file that shows quick picks and input boxes: rows, titles and prompts are plain, icons come by `iconPath`. */
import * as vscode from 'vscode';
import { spokenText } from './plainText.js';

/** Asks for one of several rows; the answer is the row that was given. */
export async function pickRow<T extends vscode.QuickPickItem>(
  rows: readonly T[],
  options: vscode.QuickPickOptions,
): Promise<T | undefined> {
  const shown = rows.map(row => ({ ...plainRow(row), given: row }));
  return (await vscode.window.showQuickPick(shown, plainOptions(options)))?.given;
}

/** Asks for any number of rows; `picked` rows are ticked at first. Undefined when it was dismissed. */
export async function pickRows<T extends vscode.QuickPickItem>(
  rows: readonly T[],
  options: vscode.QuickPickOptions,
): Promise<readonly T[] | undefined> {
  const shown = rows.map(row => ({ ...plainRow(row), given: row }));
  const chosen = await vscode.window.showQuickPick(shown, { ...plainOptions(options), canPickMany: true });
  return chosen?.map(({ given }) => given);
}

/** Asks for one line of text. */
export async function askForLine(options: vscode.InputBoxOptions): Promise<string | undefined> {
  return vscode.window.showInputBox(plainOptions(options));
}

/** A quick pick whose rows change while it is open. */
export interface LivePick<T extends vscode.QuickPickItem> {
  readonly pick: Omit<vscode.QuickPick<vscode.QuickPickItem>, 'items' | 'selectedItems' | 'activeItems'>;
  /** Replaces the rows and highlights one of them. To be called on every letter. */
  readonly show: (rows: readonly T[], highlighted: T | undefined) => void;
  /** The row that Enter means. */
  readonly meant: () => T | undefined;
}

/**
 * Rows stay in the order that they were given, under their separators. `moved` hears of a row that a person went to, never of
 * one that is highlighted because of a letter: VS Code then goes to its first row, tells that as if a person had gone there,
 * and only afterwards tells the letter, both in one go. So a highlight is a person's if VS Code has answered something that
 * it was asked after it, and no letter came before that answer. Until it has answered what was asked after new rows, what it
 * says of rows is about the old ones, by their number.
 */
export function createLivePick<T extends vscode.QuickPickItem>(moved: (row: T) => void): LivePick<T> {
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem>();
  // Only proposed as an API; a VS Code that does not know it puts what matches first, which changes no meaning.
  Reflect.set(pick, 'sortByLabel', false);
  const given = new Map<vscode.QuickPickItem, T>();
  const first = ([row]: readonly vscode.QuickPickItem[]): T | undefined => row && given.get(row);
  let highlighted: T | undefined;
  let showsNewest = false;
  let changes = 0;
  const settle = async (): Promise<void> => {
    const change = ++changes;
    await answerOfWindow(change);
    if (change !== changes) return;
    showsNewest = true;
    const row = first(pick.activeItems);
    if (!row || row === highlighted) return;
    highlighted = row;
    moved(row);
  };
  pick.onDidChangeActive(() => void settle());
  return {
    pick,
    show(rows, wanted) {
      given.clear();
      for (const row of rows) given.set(plainRow(row), row);
      showsNewest = false;
      highlighted = wanted;
      pick.items = [...given.keys()];
      pick.activeItems = [...given].flatMap(([shown, row]) => (row === wanted ? [shown] : []));
      void settle();
    },
    meant: () => (showsNewest ? first(pick.selectedItems) : highlighted),
  };
}

/** Waits until the window has answered: it has done by then what it was told before, and has told what happened before. */
async function answerOfWindow(change: number): Promise<void> {
  // A pick gathers what is set and tells it in a timer of its own, which was there first.
  await new Promise(resolve => setTimeout(resolve, 0));
  await vscode.commands.executeCommand('setContext', 'muster.pickChange', change);
}

function plainRow(row: vscode.QuickPickItem): vscode.QuickPickItem {
  const { label, description, detail, iconPath, kind, alwaysShow, picked, buttons } = row;
  return {
    label: oneLine(label),
    ...(description === undefined ? {} : { description: oneLine(description) }),
    ...(detail === undefined ? {} : { detail: oneLine(detail) }),
    ...(iconPath === undefined ? {} : { iconPath }),
    ...(kind === undefined ? {} : { kind }),
    ...(alwaysShow === undefined ? {} : { alwaysShow }),
    ...(picked === undefined ? {} : { picked }),
    ...(buttons === undefined ? {} : { buttons }),
  };
}

function plainOptions<T extends vscode.QuickPickOptions | vscode.InputBoxOptions>(options: T): T {
  const plain = { ...options };
  if (plain.title !== undefined) plain.title = oneLine(plain.title);
  if (plain.placeHolder !== undefined) plain.placeHolder = oneLine(plain.placeHolder);
  if ('prompt' in plain && plain.prompt !== undefined) plain.prompt = spokenText(plain.prompt);
  return plain;
}

function oneLine(text: string): string {
  return spokenText(text).replace(/\s+/g, ' ').trim();
}
