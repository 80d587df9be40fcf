import * as vscode from 'vscode';
import type { HostClient } from '../../client/hostClient.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { isThreadActive, parseThreadStatus } from '../../protocol/threadDisplay.js';
import { toThreadView } from '../../protocol/webview/threadView.js';
import type { CommandId } from '../manifest/commandTable.js';
import type { Services } from '../services.js';
import { removeAskingForIgnored } from '../threads/largeIgnoredFiles.js';
import { targetThreads } from '../threads/pickThread.js';
import type { CommandHandlers } from './commandHandler.js';
import { whileWaiting } from '../plain/messages.js';

/** Read when somebody ends a thread: not with the window. */
const questions = () => import('./endThreadQuestions.js');

type Ids = Extract<
  CommandId,
  | 'muster.cancelThread'
  | 'muster.cancelMerge'
  | 'muster.closeThread'
  | 'muster.reopenThread'
  | 'muster.abandonThread'
  | 'muster.restoreThread'
>;

interface Call {
  readonly client: HostClient;
  readonly thread: Thread;
  readonly signal: AbortSignal;
}

/** Commands that end a thread's work or bring it back; each takes several threads. They start the host when it is down. */
export function endThreadHandlers(services: Services): CommandHandlers<Ids> {
  const each = async (
    title: string,
    threads: readonly Thread[],
    call: (call: Call) => Promise<unknown>,
  ): Promise<void> => {
    await whileWaiting(title, async signal => {
      const client = await services.host.client(signal);
      for (const thread of threads) await call({ client, thread, signal });
    });
  };
  const targets = (args: readonly unknown[], placeHolder: string, filter: (thread: Thread) => boolean) =>
    targetThreads(services, args, { placeHolder, filter });
  return {
    'muster.cancelThread': async (...args) => {
      const active = (thread: Thread): boolean =>
        isThreadActive(parseThreadStatus(thread.status)) || thread.latestRun?.status === 'waiting';
      const threads = await targets(args, vscode.l10n.t('Which thread should stop?'), active);
      if (!threads) return;
      await each(vscode.l10n.t('Stopping'), threads, ({ client, thread, signal }) =>
        client.threads.cancelThread({ threadId: thread.id }, { signal }),
      );
    },
    'muster.cancelMerge': async (...args) => {
      const threads = await targets(
        args,
        vscode.l10n.t('Whose merge should be cancelled?'),
        ({ status }) => status === 'merging',
      );
      await each(vscode.l10n.t('Cancelling the merge'), threads ?? [], async ({ client, thread, signal }) => {
        if (thread.latestMerge) await client.merges.cancelMerge({ mergeId: thread.latestMerge.id }, { signal });
      });
    },
    'muster.closeThread': async (...args) => {
      const threads = await targets(
        args,
        vscode.l10n.t('Which thread should be closed?'),
        ({ outcome }) => outcome === 'open',
      );
      if (!threads || !(await (await questions()).confirmClose(threads))) return;
      await each(vscode.l10n.t('Closing'), threads, ({ client, thread, signal }) =>
        client.threads.closeThread({ threadId: thread.id }, { signal }),
      );
    },
    'muster.reopenThread': async (...args) => {
      const threads = await targets(
        args,
        vscode.l10n.t('Which thread should be opened again?'),
        thread => toThreadView(thread).reopenable === true,
      );
      await each(vscode.l10n.t('Opening again'), threads ?? [], ({ client, thread, signal }) =>
        client.threads.reopenThread({ threadId: thread.id }, { signal }),
      );
    },
    'muster.abandonThread': async (...args) => {
      const threads = await targets(
        args,
        vscode.l10n.t('Which thread should be abandoned?'),
        ({ outcome, status }) => outcome !== 'abandoned' && status !== 'merged',
      );
      if (!threads || !(await (await questions()).confirmAbandon(threads))) return;
      const kept: Thread[] = [];
      await each(vscode.l10n.t('Abandoning'), threads, ({ client, thread, signal }) =>
        removeAskingForIgnored(async ignored => {
          const { thread: ended } = await client.threads.abandonThread({ threadId: thread.id, ignored }, { signal });
          if (ended && ended.rescue !== '') kept.push(ended);
        }),
      );
      void (await questions()).offerRestore(kept);
    },
    'muster.restoreThread': async (...args) => {
      const threads = await targets(
        args,
        vscode.l10n.t('Which thread should be restored?'),
        ({ rescue }) => rescue !== '',
      );
      if (!threads) return;
      await each(vscode.l10n.t('Restoring'), threads, ({ client, thread, signal }) =>
        client.threads.restoreThread({ threadId: thread.id }, { signal }),
      );
    },
  };
}
