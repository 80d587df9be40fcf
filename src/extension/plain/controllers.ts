/** The only file that makes notebook controllers: what they are called is shown with icons by VS Code, and agents choose names. */
import * as vscode from 'vscode';
import { plainText } from './plainText.js';

/** A kernel in VS Code's kernel picker, with a plain name. */
export function createPlainController(
  id: string,
  options: { readonly notebookType: string; readonly label: string; readonly description: string },
): vscode.NotebookController {
  const controller = vscode.notebooks.createNotebookController(id, options.notebookType, plainText(options.label));
  controller.description = plainText(options.description);
  return controller;
}
