import * as vscode from 'vscode';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { isThreadActive, parseThreadStatus } from '../../protocol/threadDisplay.js';
import { offeredActions, type ThreadAction } from '../../protocol/webview/threadActions.js';
import { toThreadView } from '../../protocol/webview/threadView.js';
import type { HostConnection } from '../host/hostConnection.js';
import { showInformation } from '../plain/messages.js';
import { windowClosing } from '../windowClosing.js';
import { statusWord } from './threadText.js';
import { threadTitle } from './threadTitles.js';

/**
 * A message with buttons stays for as long as nobody answers it, and VS Code lets nobody take it back: what it offers may have been
 * done elsewhere by then. So whoever offers something looks again before they ask or do anything.
 */

/** Not all services: notifications are among them. */
interface HasHost {
  readonly host: Pick<HostConnection, 'client'>;
}

/** The thread as the host knows it: what this window was told may be a moment old. */
export async function asItIsNow({ host }: HasHost, thread: Thread): Promise<Thread> {
  const signal = windowClosing;
  const client = await host.client(signal);
  const { thread: fresh = thread } = await client.threads.getThread({ threadId: thread.id }, { signal });
  return fresh;
}

/** One button by another name, as its thread goes from one state to another. */
const merging: readonly ThreadAction[] = ['merge', 'mergeAgain', 'approveAndMerge'];

/** Whether its page would offer the same now. */
export function isOffered(thread: Thread, action: ThreadAction): boolean {
  if (action === 'open') return true;
  const { buttons, menu } = offeredActions(toThreadView(thread));
  const same = merging.includes(action) ? merging : [action];
  return same.some(each => buttons.includes(each) || menu.includes(each));
}

/** Whether nothing came after a merge that landed nothing; tells when something did. */
export async function isLastTried(services: HasHost, thread: Thread, mergeId: string): Promise<boolean> {
  const now = await asItIsNow(services, thread);
  const isLast = now.latestMerge?.id === mergeId && now.outcome === 'open';
  if (isLast && !isThreadActive(parseThreadStatus(now.status))) return true;
  tellMovedOn(now);
  return false;
}

/** Says that a message is out of date, and what its thread has come to. */
export function tellMovedOn(thread: Thread): void {
  void showInformation(
    vscode.l10n.t('This message is out of date: "{0}" has moved on ({1}).', threadTitle(thread), statusWord(thread)),
  );
}
