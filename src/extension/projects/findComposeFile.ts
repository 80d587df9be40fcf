import { relative } from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { isProjectsNode } from '../views/projectsNode.js';
import { fileOfPreview } from './applyPreviews.js';
import { showInformation } from '../plain/messages.js';
import { pickRow } from '../plain/picks.js';

/** A folder with more compose files than this is not searched further. */
const maximumFiles = 50;
const composeName = /(^|\/)agent-compose\.ya?ml$/;

/** The compose file that a command means: a row of the tree, a file, the one being edited, or the one a person picks. */
export async function findComposeFile(services: Services, target: unknown): Promise<vscode.Uri | undefined> {
  if (isProjectsNode(target)) {
    if (target.kind === 'file') return vscode.Uri.file(target.file);
    const project = services.host.projects.get(target.projectId);
    if (project) return vscode.Uri.file(project.file);
  }
  for (const uri of [target, vscode.window.activeTextEditor?.document.uri]) {
    if (!(uri instanceof vscode.Uri)) continue;
    const file = fileOfPreview(uri) ?? uri;
    if (composeName.test(file.path)) return file;
  }
  const found = await vscode.workspace.findFiles('**/agent-compose.{yml,yaml}', '**/node_modules/**', maximumFiles);
  if (found.length === 0) {
    const create = vscode.l10n.t('Create Compose File');
    const text = vscode.l10n.t('This folder has no agent-compose.yml.');
    if ((await showInformation(text, create)) === create) {
      await vscode.commands.executeCommand('muster.createComposeFile');
    }
    return undefined;
  }
  if (found.length === 1) return found[0];
  const rows = found
    .map(file => ({ label: labelOf(file), file }))
    .sort((a, b) => a.label.length - b.label.length || a.label.localeCompare(b.label));
  const picked = await pickRow(rows, { placeHolder: vscode.l10n.t('Which compose file?') });
  return picked?.file;
}

function labelOf(file: vscode.Uri): string {
  const folder = vscode.workspace.getWorkspaceFolder(file);
  if (!folder) return file.fsPath;
  const path = relative(folder.uri.fsPath, file.fsPath);
  return (vscode.workspace.workspaceFolders?.length ?? 0) > 1 ? `${folder.name}/${path}` : path;
}
