import type * as vscode from 'vscode';

const fileName = /(^|\/)agent-compose\.ya?ml$/;

/** True for what this extension knows the language of. */
export function isComposeDocument(document: vscode.TextDocument): boolean {
  return fileName.test(document.uri.path);
}

/** Selects compose files for language features, saved or not. */
export const composeSelector: vscode.DocumentSelector = [
  { scheme: 'file', pattern: '**/agent-compose.{yml,yaml}' },
  { scheme: 'untitled', pattern: '**/agent-compose.{yml,yaml}' },
];
