import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { readSetting } from '../settings.js';
import type { ComposeDiagnostics } from './composeDiagnostics.js';
import { isComposeDocument } from './composeDocuments.js';

/** Offers to apply a compose file that was saved without errors, or applies it, as the setting says. */
export function watchSaves(services: Services, diagnostics: ComposeDiagnostics): vscode.Disposable {
  const saved = new Set<string>();
  const checks = diagnostics.onDidCheck(uri => {
    if (!saved.delete(uri.toString()) || diagnostics.hasErrors(uri)) return;
    void offer(services, uri);
  });
  const saves = vscode.workspace.onDidSaveTextDocument(document => {
    if (isComposeDocument(document)) saved.add(document.uri.toString());
  });
  return new vscode.Disposable(() => {
    void checks.dispose();
    saves.dispose();
  });
}

async function offer(services: Services, uri: vscode.Uri): Promise<void> {
  const setting = readSetting('muster.compose.applyOnSave');
  // A file that nobody applied yet may be half written; the welcome view and the lenses lead to its first apply.
  const isApplied = services.scope.projects().some(project => project.file === uri.fsPath);
  if (setting === 'never' || !vscode.workspace.isTrusted || !isApplied) return;
  if (setting === 'ask') {
    const apply = vscode.l10n.t('Apply');
    const always = vscode.l10n.t('Always Apply');
    const text = vscode.l10n.t('Apply the changed compose file?');
    const chosen = await vscode.window.showInformationMessage(text, apply, always);
    if (chosen === always) {
      const target = vscode.ConfigurationTarget.Workspace;
      await vscode.workspace.getConfiguration().update('muster.compose.applyOnSave', 'always', target);
    }
    if (chosen !== apply && chosen !== always) return;
  }
  await vscode.commands.executeCommand('muster.applyProject', uri);
}
