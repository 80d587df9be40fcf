import * as vscode from 'vscode';
import { lineOf, type ReviewedChanges } from './reviewedChanges.js';
import { reviewFileOf } from './reviewUris.js';

/**
 * Above each hunk on the right side of a review: whether it was looked at, and ways to take it or to undo it. VS Code shows them in single files, and in
 * diffs where `diffEditor.codeLens` is on.
 */
export class ReviewLenses implements vscode.CodeLensProvider {
  readonly #changes: ReviewedChanges;
  readonly #changed = new vscode.EventEmitter<void>();

  constructor(changes: ReviewedChanges) {
    this.#changes = changes;
    changes.onDidChange(() => this.#changed.fire());
  }

  get onDidChangeCodeLenses(): vscode.Event<void> {
    return this.#changed.event;
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const file = reviewFileOf(document.uri);
    const path = file && this.#changes.pathOf(file);
    if (!file || path === undefined || !isRight(file.side)) return [];
    const change = this.#changes.files.find(each => each.file?.path === path);
    const last = Math.max(0, document.lineCount - 1);
    return (change?.hunks ?? []).flatMap(hunk => {
      const line = Math.min(lineOf(hunk) - 1, last);
      const range = new vscode.Range(line, 0, line, 0);
      const node = { kind: 'hunk' as const, path, key: hunk.key };
      const lens = (title: string, command: string): vscode.CodeLens =>
        new vscode.CodeLens(range, { title, command, arguments: [node] });
      return [
        lens(hunk.reviewed ? vscode.l10n.t('Reviewed') : vscode.l10n.t('Mark as Reviewed'), 'muster.toggleReviewed'),
        hunk.staged
          ? lens(vscode.l10n.t('Unstage'), 'muster.unstageChange')
          : lens(vscode.l10n.t('Stage'), 'muster.stageChange'),
        lens(vscode.l10n.t('Revert'), 'muster.revertChange'),
      ];
    });
  }
}

function isRight(side: NonNullable<ReturnType<typeof reviewFileOf>>['side']): boolean {
  return side.kind === 'work' || side.of === 'changed';
}
