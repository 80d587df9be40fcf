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
  /** Replaces the rows. */
  readonly show: (rows: readonly T[]) => void;
  /** The row that Enter means. */
  readonly selected: () => T | undefined;
  /** The row that is highlighted. */
  readonly active: () => T | undefined;
  readonly activate: (row: T) => void;
}

export function createLivePick<T extends vscode.QuickPickItem>(): LivePick<T> {
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem>();
  const given = new Map<vscode.QuickPickItem, T>();
  return {
    pick,
    show(rows) {
      given.clear();
      pick.items = rows.map(row => {
        const shown = plainRow(row);
        given.set(shown, row);
        return shown;
      });
    },
    active: () => {
      const [row] = pick.activeItems;
      return row && given.get(row);
    },
    activate: wanted => {
      pick.activeItems = [...given].flatMap(([shown, row]) => (row === wanted ? [shown] : []));
    },
    selected: () => {
      const [row] = pick.selectedItems;
      return row && given.get(row);
    },
  };
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
