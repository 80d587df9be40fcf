import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { composeTemplates, fillTemplate } from './composeTemplates.js';
import { showInformation } from '../plain/messages.js';
import { pickRow } from '../plain/picks.js';

/** Writes a first compose file from a template and opens it; `offers` to apply it. Never replaces a file. */
export async function createComposeFile(services: Services, { offers }: { readonly offers: boolean }): Promise<void> {
  const folder = services.scope.folder();
  if (!folder) {
    void showInformation(vscode.l10n.t('Open a folder first: the compose file belongs into it.'));
    return;
  }
  const file = vscode.Uri.joinPath(folder.uri, 'agent-compose.yml');
  if (await exists(file)) {
    await vscode.window.showTextDocument(file);
    return;
  }
  const rows = composeTemplates().map(template => ({ ...template, iconPath: new vscode.ThemeIcon('robot') }));
  const picked = await pickRow(rows, { placeHolder: vscode.l10n.t('Who is in your crew?') });
  if (!picked) return;
  await vscode.workspace.fs.writeFile(file, Buffer.from(fillTemplate(picked.yaml, folder.name)));
  await vscode.window.showTextDocument(file);
  if (!vscode.workspace.isTrusted || !offers) return;
  const apply = vscode.l10n.t('Apply');
  const text = vscode.l10n.t('Apply the compose file to make its agents available.');
  if ((await showInformation(text, apply)) === apply) {
    await vscode.commands.executeCommand('muster.applyProject', file);
  }
}

/** VS Code's file system has no other way to ask. */
async function exists(file: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(file);
    return true;
  } catch {
    return false;
  }
}
