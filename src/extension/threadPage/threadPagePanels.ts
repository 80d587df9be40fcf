import { threadSigns } from '../threads/threadText.js';
import { stat } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { isId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { parseThreadStatus, threadIcon } from '../../protocol/threadDisplay.js';
import { threadPageStateSchema } from '../../protocol/webview/threadPageState.js';
import { translatedStrings } from '../webviews/translatedStrings.js';
import { unrestoredTab } from '../webviews/unrestoredTab.js';
import { webviewHtml, webviewRoot } from '../webviews/webviewHtml.js';
import type { OpenThreadPageOptions } from './openThreadPageOptions.js';
import { ThreadPageController, type PageEditor } from '../../pages/threadPage/threadPageController.js';
import type { OpenPages } from './openPages.js';
import type { ThreadPageServices } from '../../pages/threadPage/threadPageServices.js';
import { candidatePaths } from './transcriptPath.js';
import { currentUri } from '../review/reviewSides.js';
import { showInformation } from '../plain/messages.js';
import { tabTitle } from '../threads/threadTitles.js';

interface OpenPage {
  readonly panel: vscode.WebviewPanel;
  readonly controller: ThreadPageController;
}

/** The thread pages of this window, one panel per thread. */
export class ThreadPagePanels implements Disposable {
  readonly #viewType: string;
  readonly #extensionUri: vscode.Uri;
  readonly #services: ThreadPageServices;
  readonly #open: OpenPages;
  readonly #pages = new Map<string, OpenPage>();
  readonly #changes: Disposable;

  constructor(options: {
    readonly viewType: string;
    readonly extensionUri: vscode.Uri;
    readonly services: ThreadPageServices;
    readonly openPages: OpenPages;
  }) {
    this.#open = options.openPages;
    this.#viewType = options.viewType;
    this.#extensionUri = options.extensionUri;
    this.#services = options.services;
    // Another thread may have come that is called alike.
    this.#changes = this.#services.live.onDidChangeThreads(() => {
      for (const [threadId, { panel }] of this.#pages) {
        const thread = this.#services.live.thread(threadId);
        if (thread) this.#rename(panel, thread);
      }
    });
  }

  /** Shows the thread's page; makes it when there is none. */
  open(threadId: string, options: OpenThreadPageOptions): void {
    const preserveFocus = options.preserveFocus ?? false;
    let page = this.#pages.get(threadId);
    if (page) page.panel.reveal(undefined, preserveFocus);
    else {
      const known = this.#services.live.thread(threadId);
      const title = options.title ?? (known ? tabTitle(known) : vscode.l10n.t('Thread'));
      const namesakes = [...this.#pages.values()].filter(({ panel }) => panel.title === title).length;
      const kept = unrestoredTab(this.#viewType, title, namesakes);
      const panel = vscode.window.createWebviewPanel(
        this.#viewType,
        title,
        { viewColumn: vscode.ViewColumn.Active, preserveFocus },
        // The page has a find box of its own: the widget of VS Code sees only the rows that are drawn.
        { enableFindWidget: false },
      );
      if (kept) void vscode.window.tabGroups.close(kept, preserveFocus);
      page = this.#attach(panel, threadId);
    }
    if (options.focusFollowUp === true) page.controller.focusFollowUp();
  }

  /** Takes over a panel that VS Code kept over a reload; one without a thread is closed. */
  restore(panel: vscode.WebviewPanel, state: unknown): void {
    const parsed = threadPageStateSchema.safeParse(state);
    if (parsed.success && isId(parsed.data.threadId) && !this.#pages.has(parsed.data.threadId)) {
      this.#attach(panel, parsed.data.threadId);
    } else {
      panel.dispose();
    }
  }

  isVisible(threadId: string): boolean {
    return this.#pages.get(threadId)?.panel.visible ?? false;
  }

  /** The thread whose page is the active editor. */
  get activeThreadId(): string | undefined {
    const { activeTab, viewColumn } = vscode.window.tabGroups.activeTabGroup;
    // What VS Code says of a panel is late, and untrue while the palette or a view has the keyboard: the tab in front is what people see.
    const input = activeTab?.input;
    if (!(input instanceof vscode.TabInputWebview) || !input.viewType.endsWith(this.#viewType)) return undefined;
    return [...this.#pages].find(([, { panel }]) => panel.visible && panel.viewColumn === viewColumn)?.[0];
  }

  /** Opens the find box of the active page. */
  find(): void {
    for (const { panel, controller } of this.#pages.values()) if (panel.active) controller.find();
  }

  dispose(): void {
    void this.#changes.dispose();
    for (const { panel } of [...this.#pages.values()]) panel.dispose();
  }

  #attach(panel: vscode.WebviewPanel, threadId: string): OpenPage {
    const controller = new ThreadPageController({
      threadId,
      services: this.#services,
      strings: translatedStrings(),
      editor,
      post: message => void panel.webview.postMessage(message),
      onThread: thread => {
        panel.iconPath = this.#stateIcon(thread);
        this.#rename(panel, thread);
      },
    });
    const known = this.#services.live.thread(threadId);
    if (known) panel.iconPath = this.#stateIcon(known);
    void this.#open.opened({ threadId, title: panel.title });
    const page: OpenPage = { panel, controller };
    this.#pages.set(threadId, page);
    panel.webview.onDidReceiveMessage((message: unknown) => controller.receive(message));
    panel.onDidChangeViewState(() => {
      if (!panel.visible) controller.pause();
    });
    panel.onDidDispose(() => {
      controller.dispose();
      this.#pages.delete(threadId);
      void this.#open.closed(threadId);
    });
    panel.webview.options = { enableScripts: true, localResourceRoots: [webviewRoot(this.#extensionUri)] };
    panel.webview.html = webviewHtml({
      webview: panel.webview,
      extensionUri: this.#extensionUri,
      bundle: 'threadPage',
      element: 'muster-thread-page',
      title: panel.title,
    });
    return page;
  }

  #rename(panel: vscode.WebviewPanel, thread: Thread): void {
    const title = tabTitle(thread);
    if (panel.title !== title) panel.title = title;
    void this.#open.opened({ threadId: thread.id, title });
  }

  /** What the thread's state looks like everywhere else, too. */
  #stateIcon(thread: Thread): { readonly light: vscode.Uri; readonly dark: vscode.Uri } {
    const name = threadIcon(parseThreadStatus(thread.status), threadSigns(thread));
    const file = (theme: string): vscode.Uri =>
      vscode.Uri.joinPath(webviewRoot(this.#extensionUri), `tab-${name}-${theme}.svg`);
    return { light: file('light'), dark: file('dark') };
  }
}

const editor: PageEditor = {
  async openFile({ path, line, roots }, thread) {
    for (const candidate of candidatePaths(path, roots)) {
      if (!(await isFile(candidate))) continue;
      const at = line === undefined ? undefined : new vscode.Range(line - 1, 0, line - 1, 0);
      const options = { preview: true, ...(at && { selection: at }) };
      await vscode.commands.executeCommand('vscode.open', addressOf(candidate, thread), options);
      return;
    }
    void showInformation(vscode.l10n.t('{0} was not found in the worktree or in the repository.', path));
  },
  async openLink(url) {
    const uri = parseLink(url);
    if (uri) await vscode.env.openExternal(uri);
  },
};

/** Only links that a browser or mail program opens; never `command:` or `file:`, and nothing for what is no link. */
function parseLink(url: string): vscode.Uri | undefined {
  try {
    const uri = vscode.Uri.parse(url, true);
    return ['http', 'https', 'mailto'].includes(uri.scheme) ? uri : undefined;
  } catch {
    return undefined;
  }
}

/** A file of the worktree as the thread's own: by its path, git would list the worktree among the person's repositories. */
function addressOf(file: string, thread: Thread | undefined): vscode.Uri {
  const path = thread === undefined || thread.worktree === '' ? '' : relative(thread.worktree, file);
  const isInside = path !== '' && !isAbsolute(path) && path.split(sep)[0] !== '..';
  return thread && isInside ? currentUri(thread, path.split(sep).join('/')) : vscode.Uri.file(file);
}

async function isFile(path: string): Promise<boolean> {
  // What cannot be looked at is no file to open.
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
