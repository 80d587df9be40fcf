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

/** Longer ones are checked in a thread of their own and have no features besides: reading one would hold up the window. */
const longestText = 100_000;

/** The text that features read while somebody waits; nothing of a document that is too long for it. */
export function readableText(document: vscode.TextDocument): string {
  const text = document.getText();
  return text.length > longestText ? '' : text;
}
