import * as vscode from 'vscode';
import { branchesOf } from '../git/gitExtension.js';
import { askForLine, pickRow } from '../plain/picks.js';

interface BaseRow extends vscode.QuickPickItem {
  /** Missing: to be typed. */
  readonly base?: string;
}

/** The branches of a folder's repository, the last used first; undefined when none was chosen. Empty: as the compose file says. */
export async function pickBase(folder: string, current: string): Promise<string | undefined> {
  const branches = await branchesOf(folder);
  const other: BaseRow = {
    label: vscode.l10n.t('Another branch or commit...'),
    iconPath: new vscode.ThemeIcon('edit'),
  };
  const rows: readonly BaseRow[] = [
    { label: vscode.l10n.t('As the compose file says'), base: '', ...now(current === '') },
    ...branches.map(({ name, isCurrent }): BaseRow => ({
      label: name,
      base: name,
      iconPath: new vscode.ThemeIcon('git-branch'),
      ...(isCurrent && { description: vscode.l10n.t('checked out') }),
      ...now(name === current),
    })),
    other,
  ];
  const picked = await pickRow(rows, { placeHolder: vscode.l10n.t('The branch or commit that the work starts from') });
  if (picked !== other) return picked?.base;
  const prompt = vscode.l10n.t('Branch or commit that the work starts from; empty: as the compose file says');
  return (await askForLine({ prompt, value: current }))?.trim();
}

function now(isCurrent: boolean): { readonly detail?: string } {
  return isCurrent ? { detail: vscode.l10n.t('now') } : {};
}
