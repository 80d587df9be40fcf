import * as vscode from 'vscode';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { parseThreadStatus, threadGroupOf, type ThreadGroup } from '../../protocol/threadDisplay.js';
import type { Services } from '../services.js';
import { threadOfReview } from '../review/reviewUris.js';
import { isThreadNode, threadThemeIcon } from '../views/threadNodes.js';
import { isWorktreeNode } from '../views/worktreesView.js';
import { byUrgency } from './threadGroups.js';
import { groupWord, threadDescription } from './threadText.js';
import { taskTitle } from './threadTitles.js';
import { isCommentThread } from '../plain/comments.js';
import { showInformation } from '../plain/messages.js';
import { pickRow } from '../plain/picks.js';
import { windowClosing } from '../windowClosing.js';

export interface ThreadQuestion {
  readonly placeHolder: string;
  /** Threads that the command makes sense for; they are offered when none was given. */
  readonly filter: (thread: Thread) => boolean;
  /** The command means nothing for any other: of the one in front it is meant only if it fits, and of a single one without asking. */
  readonly onlyFitting?: boolean;
}

/**
 * The threads a command is about: the selected rows of a tree, an id, the review in front, or the one a person picks.
 * Undefined when the person picked none.
 */
export async function targetThreads(
  services: Services,
  args: readonly unknown[],
  question: ThreadQuestion,
): Promise<readonly Thread[] | undefined> {
  const given = threadIds(args);
  if (given.length > 0) return known(services, given);
  const front = services.reviews.activeThreadId ?? services.pages.activeThreadId;
  if (front !== undefined) {
    const found = await known(services, [front]);
    if (question.onlyFitting !== true || found.some(question.filter)) return found;
  }
  await services.host.client(windowClosing);
  const picked = await pickThread(services, question);
  return picked && [picked];
}

/** The same for commands on one thread. */
export async function targetThread(
  services: Services,
  args: readonly unknown[],
  question: ThreadQuestion,
): Promise<Thread | undefined> {
  return (await targetThreads(services, args.slice(0, 1), question))?.[0];
}

function threadIds(args: readonly unknown[]): readonly string[] {
  const [first, selected] = args;
  const rows = Array.isArray(selected) && selected.length > 0 ? selected : [first];
  return rows.flatMap(row => {
    if (typeof row === 'string' && row !== '') return [row];
    if (row instanceof vscode.Uri) return threadOfReview(row) ?? [];
    if (isCommentThread(row)) return threadOfReview(row.uri) ?? [];
    return isThreadNode(row) || isWorktreeNode(row) || isCard(row) ? [row.threadId] : [];
  });
}

/** What VS Code hands over of a card of the board whose menu it opened. */
function isCard(value: unknown): value is { readonly threadId: string } {
  if (typeof value !== 'object' || value === null || !('webview' in value) || !('threadId' in value)) return false;
  return value.webview === 'muster.board' && typeof value.threadId === 'string';
}

async function known(services: Services, ids: readonly string[]): Promise<readonly Thread[]> {
  const threads: Thread[] = [];
  for (const id of ids) {
    const live = services.host.threads.get(id);
    if (live) threads.push(live);
    else {
      // Older than what the live state holds.
      const signal = windowClosing;
      const client = await services.host.client(signal);
      const { thread } = await client.threads.getThread({ threadId: id }, { signal });
      if (thread) threads.push(thread);
    }
  }
  return threads;
}

/** A row of a quick pick; separators have no thread. */
export interface ThreadPick extends vscode.QuickPickItem {
  readonly thread?: Thread;
}

/** The thread that a person picks among those that a question is about. */
export async function pickThread(
  services: Services,
  { placeHolder, filter, onlyFitting = false }: ThreadQuestion,
): Promise<Thread | undefined> {
  const threads = services.scope.threads().filter(filter);
  if (threads.length === 0) {
    void showInformation(vscode.l10n.t('No thread of this folder fits.'));
    return undefined;
  }
  if (onlyFitting && threads.length === 1) return threads[0];
  const picked = await pickRow(threadPicks(threads), { placeHolder, matchOnDescription: true });
  return picked?.thread;
}

/** Rows of a quick pick under the headings of the tree, the most urgent first. */
export function threadPicks(threads: readonly Thread[]): readonly ThreadPick[] {
  const now = Date.now();
  const withProject = new Set(threads.map(({ projectId }) => projectId)).size > 1;
  let last: ThreadGroup | undefined;
  return [...threads].sort(byUrgency).flatMap((thread): readonly ThreadPick[] => {
    const group = threadGroupOf(parseThreadStatus(thread.status));
    const row: ThreadPick = {
      label: taskTitle(thread),
      description: threadDescription(thread, now, { withProject }),
      iconPath: threadThemeIcon(thread),
      thread,
    };
    if (group === last) return [row];
    last = group;
    return [{ label: groupWord(group), kind: vscode.QuickPickItemKind.Separator }, row];
  });
}
