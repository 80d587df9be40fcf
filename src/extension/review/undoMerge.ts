import * as vscode from 'vscode';
import { shortId } from '../../protocol/displayFormat.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { showDone, whileWaiting } from '../plain/messages.js';
import type { Services } from '../services.js';
import { threadTitle } from '../threads/threadTitles.js';

/** Takes the last merge of a thread back and says how: the old commit, or a revert where something came on top. */
export async function undoMerge(services: Services, thread: Thread): Promise<void> {
  const { kind, target, commit } = await whileWaiting(
    vscode.l10n.t('Undoing the merge of "{0}"', threadTitle(thread)),
    async signal => {
      const client = await services.host.client(signal);
      return client.merges.undoMerge({ threadId: thread.id }, { signal });
    },
  );
  showDone(
    kind === 'restored'
      ? vscode.l10n.t('{0} is where it was before the merge, at {1}', target, shortId(commit))
      : vscode.l10n.t('{0} has more by now, so that {1} reverts the merge', target, shortId(commit)),
    10_000,
  );
}
