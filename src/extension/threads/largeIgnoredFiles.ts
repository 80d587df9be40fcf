import * as vscode from 'vscode';
import { isAppError } from '../../base/errors.js';
import { askModally } from '../plain/messages.js';

/**
 * Removes a worktree; where it holds many megabytes of ignored files that are nowhere else, a person says what becomes of them.
 * Closing the question keeps the worktree.
 */
export async function removeAskingForIgnored(remove: (ignored: string) => Promise<unknown>): Promise<void> {
  try {
    await remove('');
  } catch (error) {
    if (!isAppError(error, 'worktree.ignoredTooLarge')) throw error;
    const archive = vscode.l10n.t('Archive Them');
    const discard = vscode.l10n.t('Discard Them');
    const detail = vscode.l10n.t(
      'Git ignores these files and does not keep them: {0}. An archive takes their room on disk and is put back by Restore.',
      error.data.files.slice(0, 10).join(', '),
    );
    const text = vscode.l10n.t('This worktree has many megabytes of ignored files.');
    const answer = await askModally({ text, detail }, archive, discard);
    if (answer === undefined) return;
    await remove(answer === archive ? 'archive' : 'discard');
  }
}
