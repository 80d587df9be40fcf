import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { reviewCommands } from '../manifest/reviewCommands.js';
import { isCommentReply, isCommentThread, ShownComment } from '../plain/comments.js';
import { showDone, whileWaiting } from '../plain/messages.js';
import { askForLine } from '../plain/picks.js';
import type { Services } from '../services.js';
import { targetThread } from '../threads/pickThread.js';
import { threadTitle } from '../threads/threadText.js';
import type { CommandHandlers } from './commandHandler.js';

/** Commands of a review. All start the host when it is down, except those that only show an editor. */
export function reviewHandlers(services: Services): CommandHandlers<keyof typeof reviewCommands> {
  const { comments } = services;
  return {
    'muster.requestChanges': async (...args) => {
      const thread = await targetThread(services, args, {
        placeHolder: vscode.l10n.t('Whose author do you ask for changes?'),
        filter: ({ head, outcome }) => head !== '' && outcome === 'open',
      });
      if (thread) await requestChanges(services, thread);
    },
    'muster.addComment': async reply => {
      if (isCommentReply(reply)) await saving(signal => comments.add(reply, signal));
    },
    'muster.editComment': comment => {
      if (comment instanceof ShownComment) comments.setEditing(comment, true);
    },
    'muster.cancelEditComment': comment => {
      if (comment instanceof ShownComment) comments.setEditing(comment, false);
    },
    'muster.saveComment': async comment => {
      if (comment instanceof ShownComment) await saving(signal => comments.save(comment, signal));
    },
    'muster.deleteComment': async comment => {
      if (comment instanceof ShownComment) await saving(signal => comments.remove(comment, signal));
    },
    'muster.resolveComment': async thread => {
      if (isCommentThread(thread)) await saving(signal => comments.resolve(thread, true, signal));
    },
    'muster.reopenComment': async thread => {
      if (isCommentThread(thread)) await saving(signal => comments.resolve(thread, false, signal));
    },
  };
}

function saving(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  return whileWaiting(vscode.l10n.t('Saving the comment'), work);
}

/** Sends every draft, and what the person says besides, to the author, which goes on with it. */
export async function requestChanges(services: Services, thread: Thread): Promise<void> {
  const drafts = services.host.threads.get(thread.id)?.draftComments ?? thread.draftComments;
  const note = await askForLine({
    title: vscode.l10n.t('Request Changes from {0}', thread.agent),
    prompt: promptFor(drafts),
    placeHolder:
      drafts === 0 ? vscode.l10n.t('What should be different?') : vscode.l10n.t('Anything besides (optional)'),
    validateInput: text =>
      drafts === 0 && text.trim() === '' ? vscode.l10n.t('Say what should be different.') : undefined,
  });
  if (note === undefined) return;
  await services.reviews.save(thread);
  const sent = await whileWaiting(vscode.l10n.t('Requesting changes'), async signal => {
    const client = await services.host.client(signal);
    return client.reviews.requestChanges(
      {
        threadId: thread.id,
        note,
        environment: collectProviderEnvironment(process.env),
        idempotencyKey: randomUUID(),
      },
      { signal },
    );
  });
  services.attention.dispatchedHere(sent.threadId);
  showDone(vscode.l10n.t('{0} goes on with "{1}"', thread.agent, threadTitle(thread)));
}

function promptFor(drafts: number): string {
  if (drafts === 0) return vscode.l10n.t('You have not commented on any line.');
  return drafts === 1 ? vscode.l10n.t('Sends your comment.') : vscode.l10n.t('Sends your {0} comments.', drafts);
}
