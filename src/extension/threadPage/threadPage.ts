import * as vscode from 'vscode';
import { OpenPages, type OpenPageRecord } from './openPages.js';
import type { OpenThreadPageOptions } from './openThreadPageOptions.js';
import type { ThreadPageServices } from '../../pages/threadPage/threadPageServices.js';
import type { ThreadPagePanels } from './threadPagePanels.js';

/** View type of the panels; `onWebviewPanel:muster.threadPage` activates the extension after a reload. */
export const threadPageViewType = 'muster.threadPage';

/** The open thread pages of this window. */
export interface ThreadPages {
  /** Opens a thread's page, or shows the one that is open. */
  open(threadId: string, options?: OpenThreadPageOptions): Promise<void>;
  /** True while a person can see the thread's page: then nothing needs to notify about it. */
  isVisible(threadId: string): boolean;
  /** The thread whose page is the active editor. */
  readonly activeThreadId: string | undefined;
  /** Opens *Find* on the active page. */
  find(): void;
}

/**
 * Registers what restores thread pages after a window reload; everything it makes ends with `context.subscriptions`.
 * The panels themselves load with the first page.
 */
export function registerThreadPage(context: vscode.ExtensionContext, services: ThreadPageServices): ThreadPages {
  let panels: ThreadPagePanels | undefined;
  const openPages = new OpenPages(context.workspaceState);
  let loading: Promise<ThreadPagePanels> | undefined;
  const load = (): Promise<ThreadPagePanels> => {
    loading ??= import('./threadPagePanels.js').then(module => {
      panels = new module.ThreadPagePanels({
        viewType: threadPageViewType,
        extensionUri: context.extensionUri,
        services,
        openPages,
      });
      context.subscriptions.push(panels);
      return panels;
    });
    return loading;
  };
  context.subscriptions.push(
    vscode.window.registerWebviewPanelSerializer(threadPageViewType, {
      async deserializeWebviewPanel(panel, state: unknown) {
        (await load()).restore(panel, state);
      },
    }),
  );
  void reopenLost(openPages, async record => (await load()).open(record.threadId, { ...record, preserveFocus: true }));
  return {
    find: () => panels?.find(),
    open: async (threadId, options = {}) => (await load()).open(threadId, options),
    isVisible: threadId => panels?.isVisible(threadId) ?? false,
    get activeThreadId() {
      return panels?.activeThreadId;
    },
  };
}

/** After a crash the tabs of thread pages are gone; after an orderly end VS Code has them again, and there is nothing to do. */
async function reopenLost(pages: OpenPages, open: (record: OpenPageRecord) => Promise<void>): Promise<void> {
  const labels = vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(threadPageViewType))
    .map(({ label }) => label);
  for (const record of pages.lost(labels)) await open(record);
}
