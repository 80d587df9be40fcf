import * as vscode from 'vscode';
import { isId } from '../../base/ids.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { HostConnection } from '../host/hostConnection.js';
import { threadTitle } from '../threads/threadTitles.js';
import { logText, maximumLogBytes } from './logText.js';

const scheme = 'muster-log';
/** A run that talks is read again at most this often. */
const renewMs = 1000;

/** Raw logs of runs as text documents that grow with the run. */
export class RawLogs implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #host: HostConnection;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscriptions: readonly vscode.Disposable[];
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #ended = new AbortController();

  constructor(host: HostConnection) {
    this.#host = host;
    this.#subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      this.#changed,
      host.onDidChange(({ runs }) => {
        for (const document of vscode.workspace.textDocuments) {
          if (document.uri.scheme === scheme && runs.includes(document.uri.authority)) this.#renewSoon(document.uri);
        }
      }),
    ];
  }

  readonly onDidChange = this.#changed.event;

  /** Opens the log of one run. */
  async open(thread: Thread, runId: string): Promise<void> {
    const name = threadTitle(thread).replace(/[/\\]/g, ' ').slice(0, 60);
    const uri = vscode.Uri.from({ scheme, authority: runId, path: `/${name}.muster-log` });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.languages.setTextDocumentLanguage(document, 'muster-log');
    await vscode.window.showTextDocument(document, { preview: true });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const runId = uri.authority;
    if (!isId(runId)) return '';
    const signal = this.#ended.signal;
    const client = await this.#host.client(signal);
    const { run } = await client.runs.getRun({ runId }, { signal });
    if (!run) return '';
    const read = async (stream: 'stdout' | 'stderr'): Promise<string> => {
      const chunks: Uint8Array[] = [];
      const request = { runId, stream, follow: false, tailBytes: BigInt(maximumLogBytes) };
      for await (const { chunk } of client.runs.readLog(request, { signal })) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    };
    return logText(run, { stdout: await read('stdout'), stderr: await read('stderr') });
  }

  dispose(): void {
    this.#ended.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  #renewSoon(uri: vscode.Uri): void {
    const key = uri.toString();
    if (this.#timers.has(key)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#changed.fire(uri);
    }, renewMs);
    this.#timers.set(key, timer);
  }
}
