import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { ComposeLenses } from './composeLenses.js';
import { ComposeDiagnostics } from './composeDiagnostics.js';
import { composeSelector } from './composeDocuments.js';
import { languageFeatures } from './languageFeatures.js';
import { watchSaves } from './applyOnSave.js';
import { AppliedStatus } from './appliedStatus.js';

/** Starts every feature of the compose language. */
export function startComposeLanguage(services: Services): void {
  const { subscriptions } = services.context;
  const diagnostics = new ComposeDiagnostics();
  const features = languageFeatures();
  subscriptions.push(
    diagnostics,
    vscode.languages.registerCodeActionsProvider(composeSelector, diagnostics, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    vscode.languages.registerCompletionItemProvider(composeSelector, features, ':', ' ', '-', '$', '{'),
    vscode.languages.registerHoverProvider(composeSelector, features),
    vscode.languages.registerDocumentSymbolProvider(composeSelector, features),
    vscode.languages.registerDefinitionProvider(composeSelector, features),
    vscode.languages.registerReferenceProvider(composeSelector, features),
    vscode.languages.registerRenameProvider(composeSelector, features),
    vscode.languages.registerCodeLensProvider(composeSelector, new ComposeLenses(services)),
    new AppliedStatus(services, diagnostics),
    watchSaves(services),
  );
}
