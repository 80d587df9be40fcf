import * as vscode from 'vscode';
import { isAppError } from '../../base/errors.js';
import { shortId } from '../../protocol/displayFormat.js';
import type { UndoMergeResponse } from '../../protocol/gen/muster/v1/merges_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { askModally, showDone, showError, whileWaiting } from '../plain/messages.js';
import type { Services } from '../services.js';
import { threadTitle } from '../threads/threadTitles.js';

/** Takes the last merge of a thread back and says how: the old commit, or a revert where something came on top. */
export async function undoMerge(services: Services, thread: Thread): Promise<void> {
  let undone: UndoMergeResponse;
  try {
    undone = await whileWaiting(vscode.l10n.t('Undoing the merge of "{0}"', threadTitle(thread)), async signal => {
      const client = await services.host.client(signal);
      return client.merges.undoMerge({ threadId: thread.id }, { signal });
    });
  } catch (error) {
    if (!isAppError(error, 'merge.refused')) throw error;
    return tellRefused(services, thread, error.data.reason);
  }
  const { kind, target, commit } = undone;
  showDone(
    kind === 'restored'
      ? vscode.l10n.t('{0} is where it was before the merge, at {1}', target, shortId(commit))
      : vscode.l10n.t('{0} has more by now, so that {1} reverts the merge', target, shortId(commit)),
    10_000,
  );
}

async function tellRefused(services: Services, thread: Thread, reason: string): Promise<void> {
  const again = vscode.l10n.t('Try Again');
  const details = vscode.l10n.t('Show Details');
  const text = vscode.l10n.t('The merge of "{0}" was not undone.', threadTitle(thread));
  const chosen = await showError(`${text} ${reason}.`, again, details);
  if (chosen === again || (chosen === details && (await askModally({ text, detail: `${reason}.` }, again)) === again))
    await undoMerge(services, thread);
}
