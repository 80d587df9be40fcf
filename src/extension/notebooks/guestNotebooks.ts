import { relative } from 'node:path';
import * as vscode from 'vscode';
import { errorMessage } from '../../base/errors.js';
import { isInside } from '../../node/isInside.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { NotebookServices } from './notebookServices.js';
import type { GuestControllers } from './guestControllers.js';
import { guestScheme } from './guestFiles.js';
import { notebookType } from './notebookFiles.js';
import { NotebookMerging } from './notebookMerging.js';
import { RunningCells } from './runningCells.js';
import { windowClosing } from '../windowClosing.js';

/**
 * Guest notebooks of this window. What speaks to kernels is loaded when the first one is opened, or at once when an earlier
 * window left a cell that was at work.
 */
export class GuestNotebooks implements vscode.Disposable {
  readonly #services: NotebookServices;
  readonly #running: RunningCells;
  readonly #subscriptions: readonly vscode.Disposable[];
  #controllers: Promise<GuestControllers> | undefined;
  #loaded: GuestControllers | undefined;

  constructor(services: NotebookServices) {
    this.#services = services;
    this.#running = new RunningCells(services.context.workspaceState);
    this.#subscriptions = [
      new NotebookMerging({
        log: services.log,
        isGuest: uri => this.#threadOf(uri) !== undefined,
        isBusy: notebook => this.#loaded?.isBusy(notebook) ?? false,
      }),
      vscode.window.onDidChangeVisibleNotebookEditors(editors => void this.#attachAll(editors)),
      services.host.onDidChangeState(() => void this.#attachAll(vscode.window.visibleNotebookEditors)),
    ];
    void this.#attachAll(vscode.window.visibleNotebookEditors);
  }

  /** Opens a notebook of a thread in VS Code's editor, on a kernel of the thread's guest. */
  async open(thread: Thread, uri: vscode.Uri, signal: AbortSignal): Promise<vscode.NotebookEditor> {
    const controllers = await this.#load();
    const specs = await controllers.offer(thread, signal);
    const editor = await vscode.window.showNotebookDocument(await vscode.workspace.openNotebookDocument(uri));
    await controllers.select(editor, thread, specs);
    return editor;
  }

  /** Restarts the kernel of a notebook; false when the notebook has none of a guest. */
  async restart(notebook: vscode.NotebookDocument): Promise<boolean> {
    return (await this.#controllers)?.restart(notebook) ?? false;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    void this.#controllers?.then(controllers => controllers.dispose());
  }

  #load(): Promise<GuestControllers> {
    this.#controllers ??= import('./guestControllers.js').then(
      ({ GuestControllers: Controllers }) => (this.#loaded = new Controllers(this.#services, this.#running)),
    );
    return this.#controllers;
  }

  readonly #attached = new WeakSet<vscode.NotebookDocument>();

  /** A notebook that was open before the window was reloaded gets its kernel back. */
  async #attachAll(editors: readonly vscode.NotebookEditor[]): Promise<void> {
    // Cells go past the host's calls, which are refused in a folder that is not trusted.
    if (this.#services.host.state !== 'connected' || !vscode.workspace.isTrusted) return;
    for (const editor of editors) {
      const { notebook } = editor;
      if (notebook.notebookType !== notebookType || this.#attached.has(notebook)) continue;
      const thread = this.#threadOf(notebook.uri);
      // Only a server that runs: opening a file starts nothing.
      if (thread?.notebookServer?.state !== 'ready') continue;
      this.#attached.add(notebook);
      try {
        const controllers = await this.#load();
        const specs = await controllers.offer(thread, windowClosing);
        await controllers.select(editor, thread, specs);
      } catch (error) {
        this.#services.log.warn('A notebook has no guest kernel', { reason: errorMessage(error) });
      }
    }
  }

  #threadOf({ scheme, fsPath, authority }: vscode.Uri): Thread | undefined {
    if (scheme === guestScheme) return this.#services.host.threads.get(authority);
    if (scheme !== 'file') return undefined;
    return [...this.#services.host.threads.values()].find(
      ({ worktree }) => worktree !== '' && isInside(worktree, fsPath) && relative(worktree, fsPath) !== '',
    );
  }
}
