import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { ComposeLenses } from './composeLenses.js';
import { ComposeChecker } from './composeChecker.js';
import { ComposeDiagnostics } from './composeDiagnostics.js';
import { composeSelector } from './composeDocuments.js';
import { languageFeatures } from './languageFeatures.js';
import { watchSaves } from './applyOnSave.js';
import { ScriptDiagnostics } from './scriptDiagnostics.js';
import { AppliedStatus } from './appliedStatus.js';

/**
 * What values have between their words, where the editor does not ask again by itself, and the quotes, behind which a value
 * is finished. Not the colon: whoever ends the line there would accept a value with Enter that they did not choose.
 */
const completionTriggers = [' ', '-', '$', '{', '"', "'", '*', '/', '@', '.', ','];

/** Starts every feature of the compose language. */
export function startComposeLanguage(services: Services): void {
  const { subscriptions, extensionPath } = services.context;
  const checker = new ComposeChecker({ worker: join(extensionPath, 'dist', 'composeWorker.cjs') });
  const diagnostics = new ComposeDiagnostics({ checker, log: services.log });
  const features = languageFeatures();
  subscriptions.push(
    checker,
    diagnostics,
    new ScriptDiagnostics(services, diagnostics),
    vscode.languages.registerCodeActionsProvider(composeSelector, diagnostics, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    vscode.languages.registerCompletionItemProvider(composeSelector, features, ...completionTriggers),
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
