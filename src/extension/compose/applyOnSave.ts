import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { readSetting } from '../settings.js';
import { isComposeDocument } from './composeDocuments.js';
import { showInformation } from '../plain/messages.js';

/**
 * Offers to apply a compose file that a person saved and that differs from what is applied, or applies it, as the setting says.
 * A file with problems keeps what is applied; a file that nobody applied yet may be half written and is left alone. Each save
 * asks anew: a question that slid out of sight must not be the last one. Automatic saves ask nothing, in the middle of typing.
 */
export function watchSaves(services: Services): vscode.Disposable {
  const byHand = new Set<string>();
  /** The newest save of each file: an answer to an older question is about a text that is gone. */
  const newest = new Map<string, number>();
  const beforeSave = vscode.workspace.onWillSaveTextDocument(({ document, reason }) => {
    if (reason === vscode.TextDocumentSaveReason.Manual) byHand.add(document.uri.fsPath);
    else byHand.delete(document.uri.fsPath);
  });
  const afterSave = vscode.workspace.onDidSaveTextDocument(async document => {
    const { uri } = document;
    if (!isComposeDocument(document) || services.composeFiles.wasSavedToApply(uri.fsPath)) return;
    const setting = readSetting('muster.compose.applyOnSave', uri);
    if (setting === 'never' || (setting === 'ask' && !byHand.delete(uri.fsPath))) return;
    const save = (newest.get(uri.fsPath) ?? 0) + 1;
    newest.set(uri.fsPath, save);
    const isNewest = (): boolean => newest.get(uri.fsPath) === save;
    const state = await services.composeFiles.check(uri.fsPath);
    if (state?.kind !== 'changed' || !isNewest()) return;
    if (setting === 'always') await vscode.commands.executeCommand('muster.applyProject', uri);
    else await offer(services, uri, isNewest);
  });
  return vscode.Disposable.from(beforeSave, afterSave);
}

async function offer(services: Services, uri: vscode.Uri, isNewest: () => boolean): Promise<void> {
  const apply = vscode.l10n.t('Apply');
  const preview = vscode.l10n.t('Show Changes');
  const always = vscode.l10n.t('Always Apply');
  const name = services.composeFiles.projectOf(uri.fsPath)?.name ?? '';
  const text = vscode.l10n.t('Apply the changed compose file of {0}?', name);
  const chosen = await showInformation(text, apply, preview, always);
  if (!isNewest()) return;
  if (chosen === preview) await vscode.commands.executeCommand('muster.previewApply', uri);
  if (chosen === always) {
    const target = vscode.ConfigurationTarget.Workspace;
    await vscode.workspace.getConfiguration().update('muster.compose.applyOnSave', 'always', target);
  }
  if (chosen === apply || chosen === always) await vscode.commands.executeCommand('muster.applyProject', uri);
}
