import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.js';
import type { BoardTab } from '../../protocol/webview/boardTabs/boardTab.js';
import { translatedStrings } from '../webviews/translatedStrings.js';
import { unrestoredTab } from '../webviews/unrestoredTab.js';
import { webviewHtml, webviewRoot } from '../webviews/webviewHtml.js';
import { BoardController } from '../../pages/board/boardController.js';
import type { BoardServices, BoardSurroundings, TabServices } from '../../pages/board/boardServices.js';
import { boardTabSources } from '../../pages/board/boardTabSources.js';
import { hostRooms } from '../../pages/board/roomFeed.js';

/** The one board of this window. */
export class BoardPanel implements Disposable {
  readonly #viewType: string;
  readonly #extensionUri: vscode.Uri;
  readonly #services: BoardServices;
  #panel: vscode.WebviewPanel | undefined;
  #controller: BoardController | undefined;

  constructor(options: {
    readonly viewType: string;
    readonly extensionUri: vscode.Uri;
    readonly board: BoardSurroundings;
    readonly tabs: TabServices;
  }) {
    this.#viewType = options.viewType;
    this.#extensionUri = options.extensionUri;
    // Here and not at activation: the tabs are most of the board.
    const { board, tabs } = options;
    this.#services = { ...board, tabs: boardTabSources(tabs), rooms: hostRooms(tabs.client) };
  }

  /** Shows the board, at a tab if one is named; makes it when there is none. */
  open(tab: BoardTab | undefined): void {
    if (this.#panel) this.#panel.reveal();
    else {
      const title = vscode.l10n.t('Muster Board');
      const kept = unrestoredTab(this.#viewType, title, 0);
      const options = { enableFindWidget: true };
      this.#attach(vscode.window.createWebviewPanel(this.#viewType, title, vscode.ViewColumn.Active, options));
      if (kept) void vscode.window.tabGroups.close(kept);
    }
    if (tab !== undefined) this.#controller?.show(tab);
  }

  /** Takes over a panel that VS Code kept over a reload. */
  restore(panel: vscode.WebviewPanel): void {
    if (this.#panel) panel.dispose();
    else this.#attach(panel);
  }

  dispose(): void {
    this.#panel?.dispose();
  }

  #attach(panel: vscode.WebviewPanel): void {
    this.#panel = panel;
    const controller = new BoardController({
      services: this.#services,
      strings: translatedStrings(),
      post: message => void panel.webview.postMessage(message),
    });
    this.#controller = controller;
    panel.webview.onDidReceiveMessage((message: unknown) => controller.receive(message));
    panel.onDidChangeViewState(() => {
      if (!panel.visible) controller.pause();
    });
    panel.onDidDispose(() => {
      controller.dispose();
      this.#panel = undefined;
      this.#controller = undefined;
    });
    panel.webview.options = { enableScripts: true, localResourceRoots: [webviewRoot(this.#extensionUri)] };
    panel.webview.html = webviewHtml({
      webview: panel.webview,
      extensionUri: this.#extensionUri,
      bundle: 'board',
      element: 'muster-board',
      title: panel.title,
    });
  }
}
