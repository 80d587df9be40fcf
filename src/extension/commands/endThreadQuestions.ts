import * as vscode from 'vscode';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { askModally, showInformation } from '../plain/messages.js';
import { changesText } from '../threads/threadText.js';
import { threadTitle } from '../threads/threadTitles.js';

/** Work that no branch of the person's has is easily forgotten in a closed thread. */
export async function confirmClose(threads: readonly Thread[]): Promise<boolean> {
  const unmerged = threads.filter(({ filesChanged = 0, handMerge }) => filesChanged > 0 || handMerge !== '');
  const [first] = unmerged;
  if (!first) return true;
  const close = vscode.l10n.t('Close');
  const text =
    unmerged.length === 1
      ? vscode.l10n.t('Close "{0}" without merging?', threadTitle(first))
      : vscode.l10n.t('Close {0} threads without merging?', unmerged.length);
  const changes =
    unmerged.length === 1
      ? vscode.l10n.t('Its changes are not merged: {0}.', changesText(first))
      : vscode.l10n.t('Their changes are not merged.');
  const kept =
    unmerged.length === 1
      ? vscode.l10n.t('Its worktree and its branch {0} stay. Reopen Thread brings it back as it is now.', first.branch)
      : vscode.l10n.t('Their worktrees and branches stay. Reopen Thread brings each back as it is now.');
  return (await askModally({ text, detail: `${changes} ${kept}` }, close)) === close;
}

/** Whoever abandoned the wrong one needs the way back now. */
export async function offerRestore(threads: readonly Thread[]): Promise<void> {
  const [first] = threads;
  if (!first) return;
  const restore = vscode.l10n.t('Restore');
  const text =
    threads.length === 1
      ? vscode.l10n.t('Abandoned "{0}". Its work is kept.', threadTitle(first))
      : vscode.l10n.t('Abandoned {0} threads. Their work is kept.', threads.length);
  if ((await showInformation(text, restore)) !== restore) return;
  for (const { id } of threads) await vscode.commands.executeCommand('muster.restoreThread', id);
}

/** The way back is said before. False: not now. */
export async function confirmAbandon(threads: readonly Thread[]): Promise<boolean> {
  const abandon = vscode.l10n.t('Abandon');
  const [first] = threads;
  if (!first) return false;
  const text =
    threads.length === 1
      ? vscode.l10n.t('Abandon "{0}"?', threadTitle(first))
      : vscode.l10n.t('Abandon {0} threads?', threads.length);
  const detail = vscode.l10n.t(
    'A run that is at work stops; worktree and branch are removed. Everything, also uncommitted work, is kept and can be restored.',
  );
  return (await askModally({ text, detail }, abandon)) === abandon;
}
