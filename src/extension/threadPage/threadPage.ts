import type * as vscode from 'vscode';
import type { ThreadPageServices } from './threadPageServices.js';

/** View type of the panel; `onWebviewPanel:muster.threadPage` activates the extension after a reload. */
export const threadPageViewType = 'muster.threadPage';

/** Opens a thread's page, or shows the one that is open. */
export type OpenThreadPage = (
  threadId: string,
  options?: { readonly preserveFocus?: boolean; readonly focusFollowUp?: boolean },
) => void;

/** Registers the serializer; everything it makes ends with `context.subscriptions`. */
export function registerThreadPage(_context: vscode.ExtensionContext, _services: ThreadPageServices): OpenThreadPage {
  return () => {};
}
