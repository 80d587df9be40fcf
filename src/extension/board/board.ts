import * as vscode from 'vscode';
import type { BoardTab } from '../../protocol/webview/boardTabs/boardTab.js';
import type { BoardPanel } from './boardPanel.js';
import type { BoardSurroundings, TabServices } from '../../pages/board/boardServices.js';

/** View type of the panel; `onWebviewPanel:muster.board` activates the extension after a reload. */
export const boardViewType = 'muster.board';

/** Registers what restores the board after a window reload, and returns how to open it. It loads when first opened. */
export function registerBoard(
  context: vscode.ExtensionContext,
  services: { readonly board: BoardSurroundings; readonly tabs: TabServices },
): (tab?: BoardTab) => Promise<void> {
  let loading: Promise<BoardPanel> | undefined;
  const load = (): Promise<BoardPanel> => {
    loading ??= import('./boardPanel.js').then(module => {
      const board = new module.BoardPanel({ viewType: boardViewType, extensionUri: context.extensionUri, ...services });
      context.subscriptions.push(board);
      return board;
    });
    return loading;
  };
  context.subscriptions.push(
    vscode.window.registerWebviewPanelSerializer(boardViewType, {
      async deserializeWebviewPanel(panel) {
        (await load()).restore(panel);
      },
    }),
  );
  return async tab => (await load()).open(tab);
}
