import * as vscode from 'vscode';
import type { AppError } from '../../base/errors.js';

/** The body of the question, whole: what is new since a person last agreed, then what they agreed to before. */
export function consentDetail({ reasons, changed }: AppError<'consent.required'>['data']): string {
  const lines = reasons.map(reason => `• ${reason}`);
  // A host of an earlier version does not tell what is new.
  const hasEarlier = changed > 0 && changed < lines.length;
  const shown = hasEarlier
    ? [
        vscode.l10n.t('New since you agreed:'),
        ...lines.slice(0, changed),
        vscode.l10n.t('As before:'),
        ...lines.slice(changed),
      ]
    : lines;
  return [
    ...shown,
    '',
    vscode.l10n.t(
      'Allow this only for a file whose contents you know. A worktree does not confine what a command does.',
    ),
  ].join('\n');
}
