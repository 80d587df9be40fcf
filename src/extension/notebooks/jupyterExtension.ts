import type { Jupyter, JupyterServer, JupyterServerCollection } from '@vscode/jupyter-extension';
import * as vscode from 'vscode';
import { errorMessage } from '../../base/errors.js';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { threadTitle } from '../threads/threadTitles.js';
import { windowClosing } from '../windowClosing.js';
import { notebookType } from './notebookFiles.js';
import type { NotebookServices } from './notebookServices.js';

const extensionId = 'ms-toolsai.jupyter';
/** More guests than anybody chooses from. */
const mostServers = 50;

/**
 * Guests among the servers in the kernel picker of VS Code's Jupyter extension, where that is installed: its variables and widgets
 * work on them then. Nothing is asked of it until a notebook is open, because asking would start it.
 */
export class JupyterExtensionServers implements vscode.Disposable {
  readonly #services: NotebookServices;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: readonly vscode.Disposable[];
  #collection: JupyterServerCollection | undefined;
  #offered = false;
  #known = '';

  constructor(services: NotebookServices) {
    this.#services = services;
    this.#subscriptions = [
      this.#changed,
      vscode.workspace.onDidOpenNotebookDocument(notebook => this.#offerFor(notebook)),
      vscode.extensions.onDidChange(() => vscode.workspace.notebookDocuments.forEach(each => this.#offerFor(each))),
      services.host.onDidChange(() => this.#tell()),
    ];
    for (const notebook of vscode.workspace.notebookDocuments) this.#offerFor(notebook);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#collection?.dispose();
  }

  #offerFor({ notebookType: type }: vscode.NotebookDocument): void {
    if (type !== notebookType || this.#offered || this.#guests().length === 0) return;
    const extension = vscode.extensions.getExtension<Jupyter>(extensionId);
    if (!extension) return;
    this.#offered = true;
    void this.#offer(extension).catch((error: unknown) => {
      this.#offered = false;
      this.#services.log.warn('The Jupyter extension does not show guests', { reason: errorMessage(error) });
    });
  }

  async #offer(extension: vscode.Extension<Jupyter>): Promise<void> {
    const jupyter = await extension.activate();
    this.#collection = jupyter.createJupyterServerCollection('muster-guests', 'Muster', {
      onDidChangeServers: this.#changed.event,
      provideJupyterServers: () => this.#guests().map(serverOf),
      resolveJupyterServer: async (server, token) => await this.#resolve(server, token),
    });
  }

  /** Starts the guest's server if it has none. */
  async #resolve(server: JupyterServer, token: vscode.CancellationToken): Promise<JupyterServer> {
    const given = new AbortController();
    const subscription = token.onCancellationRequested(() => given.abort());
    try {
      const signal = AbortSignal.any([given.signal, windowClosing]);
      const { notebooks } = await this.#services.host.client(signal);
      const environment = collectProviderEnvironment(process.env);
      const opened = await notebooks.openNotebookPort({ threadId: server.id, environment }, { signal });
      const baseUrl = vscode.Uri.parse(opened.url, true);
      return { ...server, connectionInformation: { baseUrl, token: opened.token } };
    } finally {
      subscription.dispose();
    }
  }

  /** Threads with a worktree, those with a server first. */
  #guests(): readonly Thread[] {
    return [...this.#services.host.threads.values()]
      .filter(({ worktree, status }) => worktree !== '' && status !== 'merged' && status !== 'closed')
      .sort((a, b) => Number(hasServer(b)) - Number(hasServer(a)))
      .slice(0, mostServers);
  }

  #tell(): void {
    if (!this.#collection) {
      for (const notebook of vscode.workspace.notebookDocuments) this.#offerFor(notebook);
      return;
    }
    const now = this.#guests()
      .map(thread => `${thread.id} ${threadTitle(thread)}`)
      .join('\n');
    if (now !== this.#known) this.#changed.fire();
    this.#known = now;
  }
}

function serverOf(thread: Thread): JupyterServer {
  return { id: thread.id, label: `${thread.agent} · ${threadTitle(thread)}` };
}

function hasServer({ notebookServer }: Thread): boolean {
  return notebookServer?.state === 'ready';
}
