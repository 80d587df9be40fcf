import * as vscode from 'vscode';
import type { Services } from '../services.js';
import type { ComposeDiagnostics } from './composeDiagnostics.js';
import { composeSelector, isComposeDocument } from './composeDocuments.js';
import { projectOf } from './composeLenses.js';

/** Says beside the language name whether what is in the editor is applied: `applied`, `not applied`, `changed`, `invalid`. */
export class AppliedStatus implements vscode.Disposable {
  readonly #services: Services;
  readonly #diagnostics: ComposeDiagnostics;
  readonly #item: vscode.LanguageStatusItem;
  readonly #subscriptions: readonly { dispose(): void | Promise<void> }[];
  /** Files that were saved or edited after the revision that is applied. */
  readonly #changed = new Set<string>();

  constructor(services: Services, diagnostics: ComposeDiagnostics) {
    this.#services = services;
    this.#diagnostics = diagnostics;
    this.#item = vscode.languages.createLanguageStatusItem('muster.compose', composeSelector);
    this.#item.name = vscode.l10n.t('Muster Compose File');
    this.#subscriptions = [
      this.#item,
      diagnostics.onDidCheck(() => this.#show()),
      vscode.window.onDidChangeActiveTextEditor(() => this.#show()),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (isComposeDocument(document) && contentChanges.length > 0) this.#changed.add(document.uri.fsPath);
      }),
      services.host.onDidChange(({ projects }) => {
        for (const id of projects) this.#changed.delete(services.host.projects.get(id)?.file ?? '');
        if (projects.length > 0) this.#show();
      }),
    ];
    this.#show();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  #show(): void {
    const document = vscode.window.activeTextEditor?.document;
    if (!document || !isComposeDocument(document)) return;
    const project = projectOf(this.#services, document.uri);
    const invalid = this.#diagnostics.hasErrors(document.uri);
    const changed = this.#changed.has(document.uri.fsPath);
    const apply = { command: 'muster.applyProject', title: vscode.l10n.t('Apply'), arguments: [document.uri] };
    this.#item.severity = invalid
      ? vscode.LanguageStatusSeverity.Error
      : !project || changed
        ? vscode.LanguageStatusSeverity.Warning
        : vscode.LanguageStatusSeverity.Information;
    if (invalid) this.#item.text = vscode.l10n.t('invalid');
    else if (!project) this.#item.text = vscode.l10n.t('not applied');
    else this.#item.text = changed ? vscode.l10n.t('changed') : vscode.l10n.t('applied');
    this.#item.detail = project ? vscode.l10n.t('{0}, revision {1}', project.name, project.revision) : '';
    this.#item.command = invalid || (project && !changed) ? undefined : apply;
  }
}
