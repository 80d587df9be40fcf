import * as vscode from 'vscode';
import { errorMessage } from '../../base/errors.js';
import { fieldOf } from '../../base/unknownFields.js';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import { GuestServer, type GuestKernelSpec } from '../../client/notebooks/guestServer.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { createPlainController } from '../plain/controllers.js';
import { showError } from '../plain/messages.js';
import { threadTitle } from '../threads/threadTitles.js';
import { registerKernelAnswers } from './kernelAnswers.js';
import { notebookType } from './notebookFiles.js';
import type { NotebookServices } from './notebookServices.js';
import { NotebookSession } from './notebookSession.js';
import type { RunningCells } from './runningCells.js';

interface Guest {
  readonly thread: Thread;
  readonly spec: GuestKernelSpec;
  readonly controller: vscode.NotebookController;
}

/**
 * The kernels of guests in VS Code's kernel picker: one for each kernel specification of each thread whose notebooks this window
 * has opened. Loaded when the first guest notebook is opened; Jupyter's client library comes with it.
 */
export class GuestControllers implements vscode.Disposable {
  readonly #services: NotebookServices;
  readonly #running: RunningCells;
  /** By id. */
  readonly #guests = new Map<string, Guest>();
  readonly #sessions = new Map<vscode.NotebookDocument, NotebookSession>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(services: NotebookServices, running: RunningCells) {
    this.#services = services;
    this.#running = running;
    this.#subscriptions = [
      registerKernelAnswers(notebook => this.#sessions.get(notebook)?.connected),
      vscode.workspace.onDidSaveNotebookDocument(({ uri }) => void running.forgetEnded(uri.toString())),
      vscode.workspace.onDidCloseNotebookDocument(notebook => {
        this.#release(notebook);
        void running.forgetEnded(notebook.uri.toString());
      }),
    ];
  }

  /** Starts the thread's server if it has none, and offers its kernels. */
  async offer(thread: Thread, signal: AbortSignal): Promise<readonly GuestKernelSpec[]> {
    const host = await this.#services.host.client(signal);
    const { server } = await host.notebooks.startNotebookServer(
      { threadId: thread.id, environment: collectProviderEnvironment(process.env) },
      { signal },
    );
    const { socket, token } = host.endpoint;
    const specs = await new GuestServer({ socket, token }, server?.path ?? '').kernelSpecs();
    for (const spec of specs) this.#add(thread, spec);
    return specs;
  }

  /** Makes a kernel of the thread that of a notebook which is shown: the one it had, or the one that it asks for. */
  async select(editor: vscode.NotebookEditor, thread: Thread, specs: readonly GuestKernelSpec[]): Promise<void> {
    const [begun] = this.#running.ofNotebook(editor.notebook.uri.toString());
    const wanted = begun?.kernel ?? wantedKernel(editor.notebook);
    const spec = specs.find(({ name }) => name === wanted) ?? specs.find(({ isDefault }) => isDefault) ?? specs[0];
    if (!spec) return;
    const id = controllerId(thread, spec);
    this.#guests
      .get(id)
      ?.controller.updateNotebookAffinity(editor.notebook, vscode.NotebookControllerAffinity.Preferred);
    const extension = this.#services.context.extension.id;
    await vscode.commands.executeCommand('notebook.selectKernel', { notebookEditor: editor, id, extension });
  }

  async interrupt(notebook: vscode.NotebookDocument): Promise<void> {
    await this.#sessions.get(notebook)?.interrupt();
  }

  /** A cell of the notebook is executed, or waits for that. */
  isBusy(notebook: vscode.NotebookDocument): boolean {
    return this.#sessions.get(notebook)?.isBusy ?? false;
  }

  async restart(notebook: vscode.NotebookDocument): Promise<boolean> {
    const session = this.#sessions.get(notebook);
    await session?.restart();
    return session !== undefined;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const session of this.#sessions.values()) session.dispose();
    for (const { controller } of this.#guests.values()) controller.dispose();
  }

  #add(thread: Thread, spec: GuestKernelSpec): void {
    const id = controllerId(thread, spec);
    if (this.#guests.has(id)) return;
    const controller = createPlainController(id, {
      notebookType,
      label: spec.displayName,
      description: `${thread.agent} · ${threadTitle(thread)}`,
    });
    const guest = { thread, spec, controller };
    controller.supportedLanguages = [spec.language];
    controller.supportsExecutionOrder = true;
    controller.executeHandler = (cells, notebook) => {
      void this.#session(notebook, guest).execute(cells, controller);
    };
    controller.interruptHandler = async notebook => await this.interrupt(notebook);
    controller.onDidChangeSelectedNotebooks(({ notebook, selected }) => {
      if (selected) void this.#resume(notebook, guest);
      else if (this.#sessions.get(notebook)?.kernelName === spec.name) this.#release(notebook);
    });
    this.#guests.set(id, guest);
  }

  async #resume(notebook: vscode.NotebookDocument, guest: Guest): Promise<void> {
    const begun = this.#running.ofNotebook(notebook.uri.toString());
    if (!begun.some(({ threadId, kernel }) => threadId === guest.thread.id && kernel === guest.spec.name)) return;
    if (this.#sessions.has(notebook)) return;
    try {
      await this.#session(notebook, guest).resume(guest.controller);
    } catch (error) {
      void showError(vscode.l10n.t('The notebook could not go on: {0}', errorMessage(error)));
    }
  }

  #session(notebook: vscode.NotebookDocument, { thread, spec }: Guest): NotebookSession {
    const present = this.#sessions.get(notebook);
    if (present) return present;
    const made = new NotebookSession({
      notebook,
      threadId: thread.id,
      worktree: thread.worktree,
      kernel: spec.name,
      running: this.#running,
      client: async signal => await this.#services.host.client(signal),
    });
    this.#sessions.set(notebook, made);
    return made;
  }

  #release(notebook: vscode.NotebookDocument): void {
    this.#sessions.get(notebook)?.dispose();
    this.#sessions.delete(notebook);
  }
}

function controllerId(thread: Thread, spec: GuestKernelSpec): string {
  return `muster-guest-${thread.id}-${spec.name}`;
}

/** The kernel that the file says it was made with. */
function wantedKernel(notebook: vscode.NotebookDocument): string | undefined {
  const name = fieldOf(fieldOf(notebook.metadata['metadata'], 'kernelspec'), 'name');
  return typeof name === 'string' ? name : undefined;
}
