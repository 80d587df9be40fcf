import * as vscode from 'vscode';
import type { TaskDocuments } from './taskDocuments.js';

/** The bar above a task: where it goes, and what can be changed about it. */
export class TaskLenses implements vscode.CodeLensProvider {
  readonly #tasks: TaskDocuments;
  readonly onDidChangeCodeLenses: vscode.Event<void>;

  constructor(tasks: TaskDocuments) {
    this.#tasks = tasks;
    this.onDidChangeCodeLenses = tasks.onDidChange;
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const draft = await this.#tasks.draftOf(document);
    const range = new vscode.Range(0, 0, 0, 0);
    const lens = (title: string, command: string, tooltip: string): vscode.CodeLens =>
      new vscode.CodeLens(range, { title, command, tooltip, arguments: [document.uri] });
    const key = process.platform === 'darwin' ? '⌘⏎' : 'Ctrl+Enter';
    const agent = draft ? this.#tasks.receiverOf(draft) : vscode.l10n.t('agent');
    return [
      lens(vscode.l10n.t('Dispatch to {0} ▸', agent), 'muster.sendTask', vscode.l10n.t('Send this task ({0})', key)),
      lens(vscode.l10n.t('another agent…'), 'muster.pickTaskAgent', vscode.l10n.t('Send it to another agent instead')),
      lens(
        vscode.l10n.t('several attempts…'),
        'muster.dispatchBestOf',
        vscode.l10n.t('Several agents or models try it, each in its own worktree; you keep the best'),
      ),
      lens(
        vscode.l10n.t('attach file or selection'),
        'muster.attachToTask',
        vscode.l10n.t('Add a reference: path and lines, not the text'),
      ),
      lens(
        draft === undefined || draft.base === ''
          ? vscode.l10n.t('base: as configured')
          : vscode.l10n.t('base: {0}', draft.base),
        'muster.taskOptions',
        vscode.l10n.t('The branch or commit that the work starts from'),
      ),
    ];
  }
}
