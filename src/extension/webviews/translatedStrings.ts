import * as vscode from 'vscode';
import { webviewStrings } from '../../protocol/webview/webviewStrings.js';

/** The webviews' texts in the display language, by key. */
export function translatedStrings(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(webviewStrings).map(([key, text]) => [key, vscode.l10n.t(text)]));
}
