import * as vscode from 'vscode';
import { isAppError } from '../../base/errors.js';
import { readSource } from '../../compose/editor/composeSource.js';
import { inlineScripts, scriptPlace } from '../../compose/editor/scriptPlace.js';
import type { CheckScriptResponse } from '../../protocol/gen/muster/v1/schedules_pb.js';
import type { Services } from '../services.js';
import type { ComposeDiagnostics } from './composeDiagnostics.js';
import { Debounced } from './debounced.js';

/** A script is evaluated when nobody has typed for so long. */
const pauseMs = 300;
/** Answers are kept for the scripts of a few files. */
const mostKept = 50;

type Answer = Pick<CheckScriptResponse, 'message' | 'line' | 'column' | 'warning'>;

/**
 * Marks the mistakes of schedulers' scripts while they are edited. The host evaluates them with their effects off, as it does when
 * the file is applied; while none runs nothing is marked, because looking at a file starts nothing.
 */
export class ScriptDiagnostics implements vscode.Disposable {
  readonly #services: Services;
  readonly #collection = vscode.languages.createDiagnosticCollection('muster-script');
  readonly #debounced = new Debounced();
  readonly #answers = new Map<string, Answer>();
  readonly #checking = new Map<string, AbortController>();
  readonly #subscriptions: readonly { dispose(): unknown }[];

  constructor(services: Services, diagnostics: ComposeDiagnostics) {
    this.#services = services;
    this.#subscriptions = [
      diagnostics.onDidCheck(uri => this.#later(uri)),
      services.host.onDidChangeState(state => {
        if (state === 'connected') for (const { uri } of vscode.workspace.textDocuments) this.#later(uri);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#debounced.cancel(uri.toString());
        this.#checking.get(uri.toString())?.abort();
        this.#collection.delete(uri);
      }),
    ];
  }

  dispose(): void {
    this.#debounced.dispose();
    for (const checking of this.#checking.values()) checking.abort();
    this.#collection.dispose();
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  #later(uri: vscode.Uri): void {
    const document = vscode.workspace.textDocuments.find(each => each.uri.toString() === uri.toString());
    if (!document?.getText().includes('script')) return this.#collection.delete(uri);
    const work = (): void => void this.#check(document);
    this.#debounced.schedule(uri.toString(), { ms: pauseMs, work });
  }

  async #check(document: vscode.TextDocument): Promise<void> {
    if (this.#services.host.state !== 'connected' || document.isClosed) return;
    const key = document.uri.toString();
    this.#checking.get(key)?.abort();
    const checking = new AbortController();
    this.#checking.set(key, checking);
    const { version } = document;
    const text = document.getText();
    try {
      const found: vscode.Diagnostic[] = [];
      for (const script of inlineScripts(readSource(text))) {
        const answer = await this.#answer(script.text, checking.signal);
        if (answer.message !== '') found.push(diagnostic(document, { text, agent: script.agent, answer }));
      }
      if (document.version === version && !document.isClosed) this.#collection.set(document.uri, found);
    } catch (error) {
      // A host that ended, or a newer text: the next check speaks.
      if (!isAppError(error, 'cancelled')) this.#services.log.debug('A script could not be checked');
    } finally {
      if (this.#checking.get(key) === checking) this.#checking.delete(key);
    }
  }

  async #answer(text: string, signal: AbortSignal): Promise<Answer> {
    const known = this.#answers.get(text);
    if (known) return known;
    const { schedules } = await this.#services.host.client(signal);
    const answer = await schedules.checkScript({ text }, { signal });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= mostKept && oldest !== undefined) this.#answers.delete(oldest);
    this.#answers.set(text, answer);
    return answer;
  }
}

function diagnostic(
  document: vscode.TextDocument,
  { text, agent, answer }: { readonly text: string; readonly agent: string; readonly answer: Answer },
): vscode.Diagnostic {
  const at = scriptPlace(text, agent, { line: Math.max(1, answer.line), column: Math.max(1, answer.column) });
  const start = document.validatePosition(new vscode.Position(at.line - 1, at.column - 1));
  const word = document.getWordRangeAtPosition(start);
  const range = word ?? new vscode.Range(start, document.lineAt(start.line).range.end);
  const severity = answer.warning ? vscode.DiagnosticSeverity.Warning : vscode.DiagnosticSeverity.Error;
  const found = new vscode.Diagnostic(range, answer.message, severity);
  found.code = 'compose.script';
  found.source = 'muster';
  return found;
}
