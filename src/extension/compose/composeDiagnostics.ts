import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { errorMessage } from '../../base/errors.js';
import { Emitter, type Event } from '../../base/event.js';
import type { Log } from '../../base/log.js';
import type { ComposeDiagnostic } from '../../compose/diagnostic.js';
import type { ComposeResult } from '../../compose/parseCompose.js';
import type { DotenvProblem } from '../../compose/dotenv.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import type { TextRange } from '../../compose/source/textPosition.js';
import { isComposeDocument } from './composeDocuments.js';
import { Debounced } from './debounced.js';
import type { ComposeChecker } from './composeChecker.js';
import { composeEnvironment, type ComposeEnvironment } from './composeEnvironment.js';

/** A burst of edits (a paste with formatting, a rename) is checked once; a keystroke is marked while it is still felt. */
const typingMs = 10;
/** A check that takes longer than this waits for a pause of twice its time, so that typing never waits for it. */
const longMs = 50;
/** A check in another thread waits no longer than this: a newer text ends it. */
const longestPauseMs = 500;

const severities = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
} as const;

/** Marks the problems of open compose files while they are edited, and offers their fixes. */
export class ComposeDiagnostics implements vscode.CodeActionProvider, vscode.Disposable {
  readonly #collection = vscode.languages.createDiagnosticCollection('muster-compose');
  readonly #found = new Map<string, ComposeResult>();
  readonly #tookMs = new Map<string, number>();
  readonly #debounced = new Debounced();
  readonly #checked = new Emitter<vscode.Uri>();
  readonly #checker: ComposeChecker;
  readonly #log: Log;
  /** Env files whose lines are marked, by the compose file that names them. */
  readonly #envFiles = new Map<string, readonly vscode.Uri[]>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(options: { readonly checker: ComposeChecker; readonly log: Log }) {
    this.#checker = options.checker;
    this.#log = options.log;
    this.#subscriptions = [
      vscode.workspace.onDidOpenTextDocument(document => void this.#check(document)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (!isComposeDocument(document)) return;
        const key = document.uri.toString();
        const tookMs = this.#tookMs.get(key) ?? 0;
        const ms = tookMs > longMs ? Math.min(2 * tookMs, longestPauseMs) : typingMs;
        this.#debounced.schedule(key, { ms, work: () => void this.#check(document) });
      }),
      vscode.workspace.onDidSaveTextDocument(document => this.#checkAfterSave(document)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#debounced.cancel(uri.toString());
        this.#found.delete(uri.toString());
        this.#tookMs.delete(uri.toString());
        this.#checker.cancel(uri.toString());
        this.#collection.delete(uri);
        this.#markEnvFiles(uri.toString(), []);
      }),
    ];
    for (const document of vscode.workspace.textDocuments) void this.#check(document);
  }

  /** Fires when a document was checked. */
  readonly onDidCheck: Event<vscode.Uri> = listener => this.#checked.event(listener);

  /** The problems of an open document; undefined before its first check. */
  problemsOf(uri: vscode.Uri): readonly ComposeDiagnostic[] | undefined {
    return this.#found.get(uri.toString())?.diagnostics;
  }

  /** What the document means; undefined before its first check and while it has errors. */
  specOf(uri: vscode.Uri): ProjectSpec | undefined {
    return this.#found.get(uri.toString())?.spec;
  }

  hasErrors(uri: vscode.Uri): boolean {
    return this.problemsOf(uri)?.some(({ severity }) => severity === 'error') ?? false;
  }

  provideCodeActions(document: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
    return (this.problemsOf(document.uri) ?? []).flatMap(problem => {
      const { fix } = problem;
      if (!fix || !toRange(problem.range).intersection(range)) return [];
      const action = new vscode.CodeAction(fix.title, vscode.CodeActionKind.QuickFix);
      action.edit = new vscode.WorkspaceEdit();
      for (const edit of fix.edits) action.edit.replace(document.uri, toRange(edit.range), edit.newText);
      action.diagnostics = [toDiagnostic(problem)];
      action.isPreferred = true;
      return [action];
    });
  }

  dispose(): void {
    this.#debounced.dispose();
    this.#checked.dispose();
    this.#collection.dispose();
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  /** Another file may be an env file of an open compose file. */
  #checkAfterSave(saved: vscode.TextDocument): void {
    const affected = isComposeDocument(saved) ? [saved] : vscode.workspace.textDocuments;
    for (const document of affected) void this.#check(document);
  }

  async #check(document: vscode.TextDocument): Promise<void> {
    if (!isComposeDocument(document)) return;
    const { version } = document;
    const text = document.getText();
    const key = document.uri.toString();
    const named = await this.#checker.envFiles(key, text);
    if (!named) return;
    const { files, problems } = await composeEnvironment(document.uri, named);
    // The text may have gone on while env files were read; the later check speaks.
    if (document.isClosed || document.version !== version) return;
    const directoryName = basename(dirname(document.uri.fsPath));
    const started = performance.now();
    const result = await this.#checker.check(key, { text, directoryName, files }).catch((error: unknown) => {
      this.#log.warn('A compose file could not be checked', { reason: errorMessage(error) });
      return undefined;
    });
    if (!result || document.isClosed) return;
    this.#tookMs.set(key, performance.now() - started);
    this.#found.set(key, result);
    this.#markEnvFiles(key, problems);
    // What a line that is wrong would have defined is not the compose file's fault.
    const known = problems.every(({ lines }) => lines.length === 0)
      ? result.diagnostics
      : result.diagnostics.filter(({ code }) => code !== 'compose.missingVariable');
    this.#collection.set(document.uri, known.map(toDiagnostic));
    this.#checked.fire(document.uri);
  }

  /** Env files are marked where they are wrong, because a compose file is not applied before they are right. */
  #markEnvFiles(key: string, problems: ComposeEnvironment['problems']): void {
    for (const file of this.#envFiles.get(key) ?? []) this.#collection.delete(file);
    this.#envFiles.set(
      key,
      problems.map(({ file }) => file),
    );
    for (const { file, lines } of problems) this.#collection.set(file, lines.map(lineProblem));
  }
}

/** The whole of a 1-based line. */
function lineProblem({ line, text }: DotenvProblem): vscode.Diagnostic {
  const range = new vscode.Range(line - 1, 0, line - 1, Number.MAX_SAFE_INTEGER);
  const diagnostic = new vscode.Diagnostic(range, text, vscode.DiagnosticSeverity.Error);
  diagnostic.source = 'muster';
  return diagnostic;
}

function toDiagnostic(problem: ComposeDiagnostic): vscode.Diagnostic {
  const text = problem.path === '' ? problem.detail : `${problem.path}: ${problem.detail}`;
  const diagnostic = new vscode.Diagnostic(toRange(problem.range), text, severities[problem.severity]);
  diagnostic.code = problem.code;
  diagnostic.source = 'muster';
  return diagnostic;
}

/** From 1-based lines and columns to VS Code's. */
function toRange({ start, end }: TextRange): vscode.Range {
  return new vscode.Range(start.line - 1, start.column - 1, end.line - 1, end.column - 1);
}
