import * as vscode from 'vscode';
import { taskLanguage } from './taskDocuments.js';

/** What an empty task says about itself, in the place of its first words. */
export function registerTaskPlaceholder(): vscode.Disposable {
  const decoration = vscode.window.createTextEditorDecorationType({
    after: { color: new vscode.ThemeColor('input.placeholderForeground') },
  });
  const show = (editor: vscode.TextEditor | undefined): void => {
    if (editor?.document.languageId !== taskLanguage) return;
    const first = editor.document.lineAt(0);
    const contentText = placeholder();
    const range = new vscode.Range(0, 0, 0, 0);
    editor.setDecorations(decoration, first.text === '' ? [{ range, renderOptions: { after: { contentText } } }] : []);
  };
  const { window, workspace } = vscode;
  window.visibleTextEditors.forEach(show);
  return vscode.Disposable.from(
    decoration,
    window.onDidChangeVisibleTextEditors(editors => editors.forEach(show)),
    workspace.onDidChangeTextDocument(({ document }) => {
      for (const editor of window.visibleTextEditors) if (editor.document === document) show(editor);
    }),
  );
}

function placeholder(): string {
  const key = process.platform === 'darwin' ? '⌘⏎' : 'Ctrl+Enter';
  return vscode.l10n.t('What should be done? {0} sends, @ chooses the agent, # attaches a file or symbol', key);
}
