import * as vscode from 'vscode';

/**
 * The tab of a page that VS Code kept over a reload and has not shown since: there is no panel for it yet, so that opening the
 * page makes a second tab. `open`: how many pages with this label have a panel. Undefined when it is not clear which tab is meant.
 */
export function unrestoredTab(viewType: string, label: string, open: number): vscode.Tab | undefined {
  const tabs = vscode.window.tabGroups.all
    .flatMap(group => group.tabs)
    .filter(tab => tab.label === label && isOf(tab.input, viewType));
  return open === 0 && tabs.length === 1 ? tabs[0] : undefined;
}

/** VS Code puts a word of its own before the type. */
function isOf(input: unknown, viewType: string): boolean {
  return input instanceof vscode.TabInputWebview && input.viewType.endsWith(viewType);
}
