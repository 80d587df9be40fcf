import * as vscode from 'vscode';
import { canonicalJson } from '../../compose/output/canonicalText.js';
import { describeChanges } from '../projects/describeChanges.js';
import type { Services } from '../services.js';
import { projectTitle, threadTitle } from '../threads/threadTitles.js';
import type { ComposeDiagnostics } from './composeDiagnostics.js';
import { composeSelector, isComposeDocument } from './composeDocuments.js';

type Word = 'applied' | 'changed' | 'invalid' | 'notApplied' | 'ofThread' | 'unknown';

/** Says beside the language name whether what is in the editor is applied: `applied`, `not applied`, `changed`, `invalid`. */
export class AppliedStatus implements vscode.Disposable {
  readonly #services: Services;
  readonly #diagnostics: ComposeDiagnostics;
  readonly #item: vscode.LanguageStatusItem;
  readonly #subscriptions: readonly { dispose(): void | Promise<void> }[];
  /** By document: what its text meant when the host last called the file applied. */
  readonly #applied = new Map<string, string>();

  constructor(services: Services, diagnostics: ComposeDiagnostics) {
    this.#services = services;
    this.#diagnostics = diagnostics;
    this.#item = vscode.languages.createLanguageStatusItem('muster.compose', composeSelector);
    this.#item.name = vscode.l10n.t('Muster Compose File');
    this.#subscriptions = [
      this.#item,
      diagnostics.onDidCheck(() => this.#show()),
      services.composeFiles.onDidChange(() => this.#show()),
      services.host.onDidChangeState(() => this.#show()),
      vscode.window.onDidChangeActiveTextEditor(() => this.#show()),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#applied.delete(uri.toString())),
    ];
    this.#show();
  }

  /** What is shown now. */
  get item(): vscode.LanguageStatusItem {
    return this.#item;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  #show(): void {
    const document = vscode.window.activeTextEditor?.document;
    if (!document || !isComposeDocument(document)) return;
    const word = this.#wordFor(document);
    this.#item.text = texts()[word];
    this.#item.severity = severities[word];
    this.#item.detail = this.#detailFor(document, word);
    this.#item.command = this.#commandFor(document, word);
  }

  #wordFor(document: vscode.TextDocument): Word {
    if (this.#diagnostics.hasErrors(document.uri)) return 'invalid';
    const state = this.#services.composeFiles.get(document.uri.fsPath);
    if (this.#services.composeFiles.threadOf(document.uri.fsPath)) return 'ofThread';
    if (!state) return 'unknown';
    if (!document.isDirty) {
      if (state.kind === 'applied') this.#remember(document);
      // What was saved a moment ago was called applied until it was compared.
      else if (this.#isRemembered(document)) this.#applied.delete(document.uri.toString());
      return state.kind;
    }
    if (state.kind === 'notApplied') return 'notApplied';
    // Undone, commented or only laid out anew: the same is applied.
    return this.#isRemembered(document) ? 'applied' : 'changed';
  }

  #isRemembered(document: vscode.TextDocument): boolean {
    const meaning = this.#meaningOf(document);
    return meaning !== undefined && meaning === this.#applied.get(document.uri.toString());
  }

  #remember(document: vscode.TextDocument): void {
    const meaning = this.#meaningOf(document);
    if (meaning !== undefined) this.#applied.set(document.uri.toString(), meaning);
  }

  #meaningOf(document: vscode.TextDocument): string | undefined {
    const spec = this.#diagnostics.specOf(document.uri);
    return spec && canonicalJson(spec, { redacted: false });
  }

  #detailFor({ uri, isDirty }: vscode.TextDocument, word: Word): string {
    if (word === 'unknown') return vscode.l10n.t('The host is not running.');
    const thread = this.#services.composeFiles.threadOf(uri.fsPath);
    if (thread) return threadTitle(thread);
    const project = this.#services.composeFiles.projectOf(uri.fsPath);
    if (!project) return '';
    const revision = vscode.l10n.t('{0}, revision {1}', projectTitle(project), project.revision);
    if (word === 'invalid') return vscode.l10n.t('{0} stays applied', revision);
    const state = this.#services.composeFiles.get(uri.fsPath);
    const changes = state?.kind === 'changed' && !isDirty ? describeChanges(state.changes) : '';
    return changes === '' ? revision : `${revision} · ${changes}`;
  }

  #commandFor({ uri }: vscode.TextDocument, word: Word): vscode.Command | undefined {
    switch (word) {
      case 'invalid':
        return { command: 'workbench.actions.view.problems', title: vscode.l10n.t('Show Problems') };
      case 'changed':
        return { command: 'muster.previewApply', title: vscode.l10n.t('Show Changes'), arguments: [uri] };
      case 'notApplied':
        return { command: 'muster.applyProject', title: vscode.l10n.t('Apply'), arguments: [uri] };
      case 'unknown':
        return { command: 'muster.startHost', title: vscode.l10n.t('Start Host') };
      case 'applied':
      case 'ofThread':
        return undefined;
    }
  }
}

const severities = {
  applied: vscode.LanguageStatusSeverity.Information,
  changed: vscode.LanguageStatusSeverity.Warning,
  invalid: vscode.LanguageStatusSeverity.Error,
  notApplied: vscode.LanguageStatusSeverity.Warning,
  ofThread: vscode.LanguageStatusSeverity.Information,
  unknown: vscode.LanguageStatusSeverity.Information,
} as const satisfies Readonly<Record<Word, vscode.LanguageStatusSeverity>>;

function texts(): Readonly<Record<Word, string>> {
  return {
    applied: vscode.l10n.t('applied'),
    changed: vscode.l10n.t('changed'),
    invalid: vscode.l10n.t('invalid'),
    notApplied: vscode.l10n.t('not applied'),
    ofThread: vscode.l10n.t('copy of a thread'),
    unknown: vscode.l10n.t('not compared'),
  };
}
