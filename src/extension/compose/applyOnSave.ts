import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { readSetting } from '../settings.js';
import { isComposeDocument } from './composeDocuments.js';
import { showInformation } from '../plain/messages.js';

/**
 * Offers to apply a compose file that was saved and differs from what is applied, or applies it, as the setting says. A
 * file with problems keeps what is applied; a file that nobody applied yet may be half written and is left alone.
 */
export function watchSaves(services: Services): vscode.Disposable {
  const asking = new Set<string>();
  return vscode.workspace.onDidSaveTextDocument(async document => {
    const { uri } = document;
    if (!isComposeDocument(document) || services.composeFiles.wasSavedToApply(uri.fsPath)) return;
    const setting = readSetting('muster.compose.applyOnSave', uri);
    if (setting === 'never' || asking.has(uri.fsPath)) return;
    const state = await services.composeFiles.check(uri.fsPath);
    if (state?.kind !== 'changed') return;
    if (setting === 'always') {
      await vscode.commands.executeCommand('muster.applyProject', uri);
      return;
    }
    asking.add(uri.fsPath);
    try {
      await offer(services, uri);
    } finally {
      asking.delete(uri.fsPath);
    }
  });
}

async function offer(services: Services, uri: vscode.Uri): Promise<void> {
  const apply = vscode.l10n.t('Apply');
  const preview = vscode.l10n.t('Show Changes');
  const always = vscode.l10n.t('Always Apply');
  const name = services.composeFiles.projectOf(uri.fsPath)?.name ?? '';
  const text = vscode.l10n.t('Apply the changed compose file of {0}?', name);
  const chosen = await showInformation(text, apply, preview, always);
  if (chosen === preview) await vscode.commands.executeCommand('muster.previewApply', uri);
  if (chosen === always) {
    const target = vscode.ConfigurationTarget.Workspace;
    await vscode.workspace.getConfiguration().update('muster.compose.applyOnSave', 'always', target);
  }
  if (chosen === apply || chosen === always) await vscode.commands.executeCommand('muster.applyProject', uri);
}
