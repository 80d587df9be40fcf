/** The only file that makes tree views: every row and message passes here on its way to VS Code. */
import * as vscode from 'vscode';
import { spokenText } from './plainText.js';

/** A tree view whose texts are plain. */
export interface PlainTree<T> extends vscode.Disposable {
  readonly visible: boolean;
  readonly selection: readonly T[];
  readonly onDidChangeVisibility: vscode.Event<vscode.TreeViewVisibilityChangeEvent>;
  readonly onDidChangeCheckbox: vscode.Event<readonly (readonly [T, vscode.TreeItemCheckboxState])[]>;
  badge: vscode.ViewBadge | undefined;
  /** Words beside the view's name; empty for none. */
  description(text: string): void;
  /** Words above the rows; undefined or empty for none. */
  message(text: string | undefined): void;
  reveal(element: T, options: { readonly select: boolean; readonly focus: boolean }): Thenable<void>;
}

export function createPlainTree<T>(id: string, options: vscode.TreeViewOptions<T>): PlainTree<T> {
  const { treeDataProvider: rows } = options;
  const view = vscode.window.createTreeView(id, { ...options, treeDataProvider: plainRows(rows) });
  let shownMessage: string | undefined;
  return {
    get visible() {
      return view.visible;
    },
    get selection() {
      return view.selection;
    },
    onDidChangeVisibility: listener => view.onDidChangeVisibility(listener),
    onDidChangeCheckbox: listener => view.onDidChangeCheckboxState(({ items }) => listener(items)),
    description: text => {
      view.description = spokenText(text);
    },
    get badge() {
      return view.badge;
    },
    set badge(badge) {
      view.badge = badge;
    },
    message: text => {
      const wanted = text === undefined || text === '' ? undefined : spokenText(text);
      if (wanted === shownMessage) return;
      // VS Code takes each of these for a change of the tree, and holds the next ones back for 200 ms.
      shownMessage = wanted;
      view.message = wanted;
    },
    reveal: (element, how) => view.reveal(element, how),
    dispose: () => view.dispose(),
  };
}

function plainRows<T>(rows: vscode.TreeDataProvider<T>): vscode.TreeDataProvider<T> {
  const { onDidChangeTreeData } = rows;
  return {
    ...(onDidChangeTreeData && { onDidChangeTreeData }),
    getTreeItem: async element => plainItem(await rows.getTreeItem(element)),
    getChildren: element => rows.getChildren(element),
    ...(rows.getParent && { getParent: element => rows.getParent?.(element) }),
    ...(rows.resolveTreeItem && {
      resolveTreeItem: (item, element, token) => rows.resolveTreeItem?.(item, element, token),
    }),
  };
}

/** Markdown tooltips are left alone: only `markdown.ts` makes them. */
function plainItem(item: vscode.TreeItem): vscode.TreeItem {
  const { label, description, tooltip } = item;
  if (typeof label === 'string') item.label = spokenText(label);
  if (typeof description === 'string') item.description = spokenText(description);
  if (typeof tooltip === 'string') item.tooltip = spokenText(tooltip);
  if (item.accessibilityInformation) {
    const { label: name, ...more } = item.accessibilityInformation;
    item.accessibilityInformation = { ...more, label: spokenText(name) };
  }
  return item;
}
