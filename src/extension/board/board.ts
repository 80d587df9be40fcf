import type * as vscode from 'vscode';
import type { BoardServices } from './boardServices.js';

/** View type of the panel; `onWebviewPanel:muster.board` activates the extension after a reload. */
export const boardViewType = 'muster.board';

/** Registers the board's serializer and returns how to open it. */
export function registerBoard(_context: vscode.ExtensionContext, _services: BoardServices): () => void {
  return () => {};
}
