import { relative, sep } from 'node:path';
import * as vscode from 'vscode';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Services } from '../services.js';
import type { TaskContext } from './taskText.js';

/** The file of an editor and its selected lines. Undefined for what is not a file in a folder of this window. */
export function editorContext(services: Services, editor: vscode.TextEditor | undefined): TaskContext | undefined {
  if (!editor) return undefined;
  const file = fileContext(services, editor.document.uri);
  if (!file) return undefined;
  const { selection } = editor;
  if (selection.isEmpty) return file;
  // A selection that ends at the start of a line does not mean that line.
  const ends = selection.end.character === 0 && selection.end.line > selection.start.line;
  return { ...file, startLine: selection.start.line + 1, endLine: ends ? selection.end.line : selection.end.line + 1 };
}

/** A whole file. Paths are relative to the project's folder, `/`-separated. */
export function fileContext(services: Services, uri: vscode.Uri): TaskContext | undefined {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (uri.scheme !== 'file' || !folder) return undefined;
  const project = projectOfFile(services, uri);
  const path = relative(project?.folder ?? folder.uri.fsPath, uri.fsPath);
  return { path: path.split(sep).join('/'), startLine: 0, endLine: 0 };
}

/** The project that a file belongs to: the innermost whose folder holds it. Its agents are the ones that can work on it. */
export function projectOfFile(services: Services, uri: vscode.Uri): Project | undefined {
  return services.scope
    .projects()
    .filter(({ folder }) => uri.fsPath.startsWith(folder + sep))
    .toSorted((a, b) => b.folder.length - a.folder.length)[0];
}
