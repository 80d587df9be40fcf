import * as vscode from 'vscode';
import { shortId } from '../../protocol/displayFormat.js';
import type { Merge } from '../../protocol/gen/muster/v1/merges_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { Services } from '../services.js';
import { readSetting } from '../settings.js';
import { threadTitle } from '../threads/threadText.js';
import { showDone, showError, showInformation, showWarning, whileWaitingCancellable } from '../plain/messages.js';

/** Names of files that fit a message; the rest are counted. */
const shownFiles = 5;

export interface MergeOptions {
  /** Overrides the setting and the compose file. */
  readonly strategy?: 'merge' | 'squash';
}

/** Merges the commit that the person has seen, and says what came of it with what can be done next. */
export async function mergeThread(services: Services, thread: Thread, options: MergeOptions = {}): Promise<void> {
  const end = services.attention.handleHere(thread.id);
  try {
    const merge = await requestMerge(services, thread, options);
    await report(services, { thread, merge, options });
  } finally {
    end();
  }
}

async function requestMerge(services: Services, thread: Thread, { strategy }: MergeOptions): Promise<Merge> {
  const setting = readSetting('muster.merge.strategy');
  return whileWaitingCancellable(vscode.l10n.t('Merging "{0}"', threadTitle(thread)), async signal => {
    const client = await services.host.client(signal);
    // Not reviewed here: the person goes by the list, which is live. Asking waits for the snapshot after a run.
    const expect =
      services.reviews.shownHead(thread.id) ??
      (await client.threads.getThread({ threadId: thread.id }, { signal })).thread?.head ??
      thread.head;
    const { merge: requested } = await client.merges.requestMerge(
      {
        threadId: thread.id,
        expect,
        strategy: strategy ?? (setting === 'project' ? '' : setting),
      },
      { signal },
    );
    if (!requested) throw new Error('The host did not say which merge it queued.');
    const cancel = (): void => void client.merges.cancelMerge({ mergeId: requested.id }).catch(() => {});
    signal.addEventListener('abort', cancel, { once: true });
    const { merge } = await client.merges.waitMerge({ mergeId: requested.id }, { signal });
    return merge ?? requested;
  });
}

interface Outcome {
  readonly thread: Thread;
  readonly merge: Merge;
  readonly options: MergeOptions;
}

async function report(services: Services, { thread, merge, options }: Outcome): Promise<void> {
  const title = threadTitle(thread);
  switch (merge.status) {
    case 'merged': {
      const text = vscode.l10n.t('Merged "{0}" into {1} as {2}', title, merge.target, shortId(merge.commit));
      showDone(text, 10_000);
      await services.reviews.close(thread.id);
      // A note means that something besides the merge deserves a look, such as a checkout that could not follow.
      if (merge.message !== '') void showInformation(merge.message);
      return;
    }
    case 'blocked':
      return reportBlocked(services, { thread, merge, options });
    case 'conflicted':
      return reportConflict(services, thread, merge);
    case 'failed':
      void showError(vscode.l10n.t('Merging "{0}" failed: {1}', title, merge.message));
      return;
    default:
      return;
  }
}

async function reportBlocked(services: Services, { thread, merge, options }: Outcome): Promise<void> {
  const actions = blockedActions(services, { thread, merge, options });
  const text = vscode.l10n.t('Merge of "{0}" is blocked: {1}', threadTitle(thread), withFiles(merge));
  const chosen = await showWarning(text, ...actions.map(({ label }) => label));
  await actions.find(({ label }) => label === chosen)?.run();
}

interface Action {
  readonly label: string;
  readonly run: () => Promise<unknown>;
}

function blockedActions(services: Services, { thread, merge, options }: Outcome): readonly Action[] {
  const review: Action = {
    label: vscode.l10n.t('Review Again'),
    run: () => services.reviews.open(thread, new AbortController().signal),
  };
  const again: Action = { label: vscode.l10n.t('Try Again'), run: () => mergeThread(services, thread, options) };
  switch (merge.reason) {
    case 'changed_since_review':
      return [
        review,
        {
          label: vscode.l10n.t('Approve and Merge'),
          run: async () => {
            await approveThread(services, thread);
            await mergeThread(services, thread, options);
          },
        },
      ];
    case 'target_has_edits':
      return [
        {
          label: vscode.l10n.t('Show Source Control'),
          run: async () => vscode.commands.executeCommand('workbench.view.scm'),
        },
        again,
      ];
    case 'target_busy':
    case 'target_moved':
    case 'hook_refused':
    case 'identity_missing':
    case 'signing_failed':
      return [again];
    default:
      return [];
  }
}

async function reportConflict(services: Services, thread: Thread, merge: Merge): Promise<void> {
  const ask = vscode.l10n.t('Ask {0} to Resolve', thread.agent);
  const worktree = vscode.l10n.t('Open Worktree');
  const text = vscode.l10n.t('"{0}" conflicts with {1}: {2}', threadTitle(thread), merge.target, withFiles(merge));
  const chosen = await showWarning(text, ask, worktree);
  if (chosen === ask) {
    const prompt = vscode.l10n.t(
      'Merge {0} into this branch and resolve the conflicts in {1}. Keep the intent of both sides, then run the tests.',
      merge.target,
      merge.files.join(', '),
    );
    await vscode.commands.executeCommand('muster.followUp', thread.id, prompt);
  }
  if (chosen === worktree) await vscode.commands.executeCommand('muster.openWorktree', thread.id);
}

/** The host's sentence, with the files in the way if it does not name them itself. */
function withFiles({ message, files }: Merge): string {
  const missing = files.filter(file => !message.includes(file));
  if (missing.length === 0) return message;
  const named = missing.slice(0, shownFiles).join(', ');
  const rest = missing.length - shownFiles;
  const list = rest > 0 ? vscode.l10n.t('{0} and {1} more', named, rest) : named;
  return message === '' ? list : `${message} (${list})`;
}

/** Snapshots what is in the worktree and takes it as reviewed. */
export async function approveThread(services: Services, thread: Thread): Promise<void> {
  const signal = new AbortController().signal;
  const client = await services.host.client(signal);
  const { head } = await client.threads.approveThread({ threadId: thread.id }, { signal });
  services.reviews.markShown(thread.id, head);
}
