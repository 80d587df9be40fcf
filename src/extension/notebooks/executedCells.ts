import * as vscode from 'vscode';
import { isId } from '../../base/ids.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { HostConnection } from '../host/hostConnection.js';
import { threadTitle } from '../threads/threadTitles.js';
import { windowClosing } from '../windowClosing.js';
import { cellsText } from './cellsText.js';

const scheme = 'muster-cells';
/** Kernels tell the host of nothing; while somebody looks, their journal is read this often. */
const renewMs = 1_000;
const mostCells = 50;

/** What is executed in the kernels of threads, whoever asked for it, as text documents that go on while they are looked at. */
export class ExecutedCells implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #host: HostConnection;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscriptions: readonly vscode.Disposable[];
  #timer: NodeJS.Timeout | undefined;
  readonly onDidChange = this.#changed.event;

  constructor(host: HostConnection) {
    this.#host = host;
    this.#subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      this.#changed,
      vscode.window.onDidChangeVisibleTextEditors(() => this.#look()),
    ];
  }

  /** Opens those of one thread. */
  async open(thread: Thread): Promise<void> {
    const name = threadTitle(thread).replace(/[/\\]/g, ' ').slice(0, 60);
    const uri = vscode.Uri.from({ scheme, authority: thread.id, path: `/${name}.txt` });
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
    this.#look();
  }

  async provideTextDocumentContent({ authority: threadId }: vscode.Uri): Promise<string> {
    if (!isId(threadId)) return '';
    const { notebooks } = await this.#host.client(windowClosing);
    const { cells } = await notebooks.listCells({ threadId, limit: mostCells }, { signal: windowClosing });
    if (cells.length === 0) return vscode.l10n.t('Nothing was executed.');
    return `${cellsText(cells, { running: vscode.l10n.t('running') })}\n`;
  }

  dispose(): void {
    clearInterval(this.#timer);
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  /** Reads on while one is visible. */
  #look(): void {
    const shown = this.#shown();
    if (shown.length > 0) this.#timer ??= setInterval(() => this.#renew(), renewMs);
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #renew(): void {
    if (this.#host.state === 'connected') for (const uri of this.#shown()) this.#changed.fire(uri);
  }

  #shown(): readonly vscode.Uri[] {
    return vscode.window.visibleTextEditors.map(({ document }) => document.uri).filter(uri => uri.scheme === scheme);
  }
}
