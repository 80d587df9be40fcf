import { basename } from 'node:path';
import * as vscode from 'vscode';
import { isAppError } from '../../base/errors.js';
import { shortId } from '../../protocol/displayFormat.js';
import type { MergeCheck, QueuedMerge } from '../../protocol/gen/muster/v1/merges_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { approvedHead } from '../../protocol/webview/threadView.js';
import type { queueCommands } from '../manifest/queueCommands.js';
import { showDone, showInformation, showWarning, whileWaiting } from '../plain/messages.js';
import { pickRow } from '../plain/picks.js';
import { plainText } from '../plain/plainText.js';
import type { Services } from '../services.js';
import { targetThread, targetThreads } from '../threads/pickThread.js';
import { asItIsNow, tellMovedOn } from '../threads/presentState.js';
import { threadTitle } from '../threads/threadTitles.js';
import type { CommandHandlers } from './commandHandler.js';
import { offerHandMergeEnd } from './reportError.js';

/** Commands of the merge queue. All start the host when it is down. */
export function queueHandlers(services: Services): CommandHandlers<keyof typeof queueCommands> {
  return {
    'muster.showMergeQueue': async () => {
      const queue = await readQueue(services);
      if (queue.length === 0) {
        void showInformation(vscode.l10n.t('No merges wait.'));
        return;
      }
      const row = await pickRow(queue.map(queueRow), { placeHolder: vscode.l10n.t('Merges that wait or are at work') });
      if (row) await actOnMerge(services, row.queued, queue);
    },
    'muster.moveMerge': async (...args) => {
      const thread = await targetThread(services, args, {
        placeHolder: vscode.l10n.t('Whose merge gets another turn?'),
        filter: ({ status }) => status === 'merging',
      });
      const queue = await readQueue(services);
      const queued = queue.find(({ merge }) => merge?.threadId === thread?.id);
      if (thread && queued) await move(services, queued, queue);
    },
    'muster.mergeApproved': async () => {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
      const { mayLeaveAll } = await import('../review/mergeQuestion.js');
      if (!(await mayLeaveAll(approvedThreads(services, folder)))) return;
      const { merges } = await whileWaiting(vscode.l10n.t('Queueing what you approved'), async signal => {
        const client = await services.host.client(signal);
        return client.merges.requestApprovedMerges({ folder }, { signal });
      });
      const text =
        merges.length === 0
          ? vscode.l10n.t('You have not approved the present commit of any thread.')
          : merges.length === 1
            ? vscode.l10n.t('1 thread is queued for its merge.')
            : vscode.l10n.t('{0} threads are queued for their merges.', merges.length);
      void showInformation(text);
    },
    'muster.showMergeChecks': async (...args) => {
      const thread = await targetThread(services, args, {
        placeHolder: vscode.l10n.t('Whose verify commands?'),
        filter: ({ latestMerge }) => latestMerge !== undefined,
      });
      if (thread) await showChecks(services, thread);
    },
    'muster.updateThread': async (...args) => {
      const threads = await targetThreads(services, args, {
        placeHolder: vscode.l10n.t('Which thread should get what its target has?'),
        filter: ({ worktree, outcome }) => worktree !== '' && outcome === 'open',
      });
      for (const thread of threads ?? []) await updateThread(services, thread);
    },
    'muster.pushMerge': async (...args) => {
      const thread = await targetThread(services, args, {
        placeHolder: vscode.l10n.t('What should be pushed?'),
        filter: ({ latestMerge }) => latestMerge?.push === 'failed',
      });
      if (!thread) return;
      const { merge } = await whileWaiting(vscode.l10n.t('Pushing'), async signal => {
        const client = await services.host.client(signal);
        return await client.merges.pushMerge({ threadId: thread.id }, { signal });
      });
      if (merge?.push === 'pushed') showDone(vscode.l10n.t('"{0}" is pushed', threadTitle(thread)));
      else void showWarning(merge?.message ?? '');
    },
    'muster.undoMerge': async (...args) => {
      const thread = await targetThread(services, args, {
        placeHolder: vscode.l10n.t('Which merge should be undone?'),
        filter: ({ latestMerge }) => latestMerge?.status === 'merged',
      });
      if (thread) await (await import('../review/undoMerge.js')).undoMerge(services, thread);
    },
  };
}

/** What the host queues of a folder's project; where the folder has none, of all. */
function approvedThreads({ host }: Services, folder: string): readonly Thread[] {
  const project = [...host.projects.values()].find(each => each.folder === folder);
  return [...host.threads.values()].filter(
    thread =>
      thread.status === 'ready' &&
      approvedHead(thread) !== undefined &&
      (project === undefined || thread.projectId === project.id),
  );
}

async function readQueue(services: Services): Promise<readonly QueuedMerge[]> {
  const { signal } = new AbortController();
  const client = await services.host.client(signal);
  return (await client.merges.listQueue({}, { signal })).queue;
}

interface QueueRow extends vscode.QuickPickItem {
  readonly queued: QueuedMerge;
}

/** `2. Upgrade zod   shop → main · queued · priority 5` */
function queueRow(queued: QueuedMerge): QueueRow {
  const { merge, threadSummary, repository, position, priority } = queued;
  const facts = [
    `${basename(repository)} → ${merge?.target ?? ''}`,
    merge?.status ?? '',
    priority === 0 ? '' : vscode.l10n.t('priority {0}', priority),
  ];
  return {
    label: `${position}. ${threadSummary.split('\n', 1)[0] ?? ''}`,
    description: facts.filter(part => part !== '').join(' · '),
    ...(merge?.message ? { detail: merge.message } : {}),
    queued,
  };
}

async function actOnMerge(services: Services, queued: QueuedMerge, queue: readonly QueuedMerge[]): Promise<void> {
  const threadId = queued.merge?.threadId ?? '';
  const rows = [
    { label: vscode.l10n.t('Open Thread'), run: () => vscode.commands.executeCommand('muster.openThread', threadId) },
    ...(queued.merge?.status === 'queued'
      ? [{ label: vscode.l10n.t('Change Its Turn...'), run: () => move(services, queued, queue) }]
      : []),
    { label: vscode.l10n.t('Cancel Merge'), run: () => vscode.commands.executeCommand('muster.cancelMerge', threadId) },
  ];
  await (await pickRow(rows, { placeHolder: queued.threadSummary }))?.run();
}

/** Before another one of the same target, or by priority. */
async function move(services: Services, queued: QueuedMerge, queue: readonly QueuedMerge[]): Promise<void> {
  const mergeId = queued.merge?.id ?? '';
  const others = queue.filter(
    ({ merge, repository }) =>
      merge?.status === 'queued' &&
      merge.id !== mergeId &&
      merge.target === queued.merge?.target &&
      repository === queued.repository,
  );
  const highest = Math.max(0, ...others.map(({ priority }) => priority));
  const rows = [
    { label: vscode.l10n.t('First of all'), change: { priority: highest + 1 } },
    ...others.map(other => ({
      label: vscode.l10n.t('Before {0}', queueRow(other).label),
      change: { before: other.merge?.id ?? '' },
    })),
    { label: vscode.l10n.t('Without priority'), change: { priority: 0 } },
  ];
  const row = await pickRow(rows, { placeHolder: vscode.l10n.t('When is its turn?') });
  if (!row) return;
  const { queue: moved } = await whileWaiting(vscode.l10n.t('Changing the turn'), async signal => {
    const client = await services.host.client(signal);
    return client.merges.moveMerge({ mergeId, ...row.change }, { signal });
  });
  const position = moved.find(({ merge }) => merge?.id === mergeId)?.position;
  if (position !== undefined) showDone(vscode.l10n.t('Its turn is number {0} now', position));
}

async function updateThread(services: Services, thread: Thread): Promise<void> {
  // Before anything is saved: a merge editor may still be taking in what both sides did.
  if (thread.handMerge !== '') return offerHandMergeEnd({ thread: thread.id, target: thread.handMerge });
  await services.reviews.save(thread);
  const title = threadTitle(thread);
  try {
    const { updated, target } = await whileWaiting(vscode.l10n.t('Updating "{0}"', title), async signal => {
      const client = await services.host.client(signal);
      return client.merges.updateThread({ threadId: thread.id }, { signal });
    });
    showDone(
      updated
        ? vscode.l10n.t('"{0}" has all of {1} now', title, target)
        : vscode.l10n.t('"{0}" has all of {1} already', title, target),
    );
  } catch (error) {
    if (!isAppError(error, 'git.conflict')) throw error;
    const { files } = error.data;
    const ask = vscode.l10n.t('Ask Agent to Resolve');
    const editor = vscode.l10n.t('Resolve in Merge Editor');
    const text = vscode.l10n.t(
      '"{0}" and its target changed the same places: {1}',
      title,
      files.slice(0, 5).join(', '),
    );
    const chosen = await showWarning(text, ask, ...(thread.parts.length > 0 ? [] : [editor]));
    if (chosen === undefined) return;
    const now = await asItIsNow(services, thread);
    // It was merged or closed elsewhere while the message stood there.
    if (now.outcome !== 'open') return tellMovedOn(now);
    if (chosen === ask) await (await import('../review/mergeThread.js')).askToUpdate(services, thread, files);
    if (chosen === editor) await vscode.commands.executeCommand('muster.mergeByHand', thread.id);
  }
}

async function showChecks(services: Services, thread: Thread): Promise<void> {
  const { signal } = new AbortController();
  const client = await services.host.client(signal);
  const { checks } = await client.merges.listMergeChecks({ mergeId: thread.latestMerge?.id ?? '' }, { signal });
  if (checks.length === 0) {
    void showInformation(vscode.l10n.t('No command was run for a merge of "{0}".', threadTitle(thread)));
    return;
  }
  const document = await vscode.workspace.openTextDocument({
    language: 'log',
    content: plainText(checks.map(checkText).join('\n')),
  });
  await vscode.window.showTextDocument(document, { preview: true });
}

function checkText({ command, attempt, exitCode, signal, output, candidate }: MergeCheck): string {
  const end = exitCode === undefined ? signal || vscode.l10n.t('running') : vscode.l10n.t('status {0}', exitCode);
  const again = attempt > 1 ? vscode.l10n.t(' (once more)') : '';
  return `$ ${command}${again}\n${output.trimEnd()}\n${vscode.l10n.t('{0} on {1}', end, shortId(candidate))}\n`;
}
