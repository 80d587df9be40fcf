import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { isComposeDocument } from './composeDocuments.js';

/** Loads the compose language with the first compose document; until then it costs nothing. */
export function registerCompose(services: Services): void {
  const { subscriptions } = services.context;
  let loading: Promise<void> | undefined;
  const consider = (document: vscode.TextDocument): void => {
    if (!isComposeDocument(document)) return;
    loading ??= import('./compose.js').then(
      language => language.startComposeLanguage(services),
      (error: unknown) => services.log.error('The compose language could not be loaded', { reason: String(error) }),
    );
  };
  for (const document of vscode.workspace.textDocuments) consider(document);
  subscriptions.push(vscode.workspace.onDidOpenTextDocument(consider));
}
