import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { shortId } from '../../protocol/displayFormat.js';
import { conflictTask } from '../../protocol/conflictTask.js';
import type { Merge } from '../../protocol/gen/muster/v1/merges_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { offerHandMergeEnd } from '../commands/reportError.js';
import { agentToGoOn } from '../dispatch/successor.js';
import { sendTask } from '../dispatch/sendTask.js';
import type { Services } from '../services.js';
import { readSetting } from '../settings.js';
import { asItIsNow, isLastTried, tellMovedOn } from '../threads/presentState.js';
import { threadTitle } from '../threads/threadTitles.js';
import { askAboutUnsent, askBeforeMerge, nameSome, reviewSince, sinceLabel, withOpenReview } from './mergeQuestion.js';
import { outdatedFiles } from './reviews.js';
import {
  showDone,
  showError,
  showInformation,
  showWarning,
  whileWaiting,
  whileWaitingCancellable,
} from '../plain/messages.js';

export interface MergeOptions {
  /** Overrides the setting and the compose file. */
  readonly strategy?: 'merge' | 'squash' | 'rebase';
  /** So many comments stay unsent, as the person has said a moment ago: they are not asked about these again. */
  readonly unsent?: number;
}

/** Merges the commit that the person has seen, and says what came of it with what can be done next. */
export async function mergeThread(services: Services, thread: Thread, options: MergeOptions = {}): Promise<void> {
  if (thread.handMerge !== '') return offerHandMergeEnd({ thread: thread.id, target: thread.handMerge });
  const agreed = await askBeforeMerge(services, thread, options);
  if (agreed === undefined) return;
  const { commit, unsent } = agreed;
  await mergeCommit(services, thread, { commit, options: { ...options, unsent } });
}

/** Nothing is asked any more. */
async function mergeCommit(
  services: Services,
  thread: Thread,
  { commit, options }: { readonly commit: string | undefined; readonly options: MergeOptions },
): Promise<void> {
  const end = services.attention.handleHere(thread.id);
  try {
    const merge = await requestMerge(services, thread, { ...options, commit });
    await report(services, { thread, merge, options });
  } catch (error) {
    const files = outdatedFiles(error);
    if (!files) throw error;
    await reportOutdated(services, { thread, files, options });
  } finally {
    end();
  }
}

async function requestMerge(
  services: Services,
  thread: Thread,
  { strategy, commit }: MergeOptions & { readonly commit: string | undefined },
): Promise<Merge> {
  const setting = readSetting('muster.merge.strategy');
  return whileWaitingCancellable(vscode.l10n.t('Merging "{0}"', threadTitle(thread)), async signal => {
    const client = await services.host.client(signal);
    const expect = commit ?? (await services.reviews.reviewedHead(thread, signal)) ?? thread.head;
    const { merge: requested } = await client.merges.requestMerge(
      {
        threadId: thread.id,
        expect,
        strategy: strategy ?? (setting === 'project' ? '' : setting),
      },
      { signal },
    );
    if (!requested) throw new Error('The host did not say which merge it queued.');
    // It may be over by now; what became of it is what `waitMerge` answers.
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
      await services.reviews.close(thread.id);
      // A note means that something besides the merge deserves a look, such as a checkout that could not follow.
      if (merge.message !== '') void showInformation(merge.message);
      void offerUndo(services, { thread, merge }, text);
      return;
    }
    case 'blocked':
      return reportBlocked(services, { thread, merge, options });
    case 'conflicted':
      return reportConflict(services, { thread, merge, options });
    case 'failed':
      void showError(vscode.l10n.t('Merging "{0}" failed: {1}', title, merge.message));
      return;
    default:
      return;
  }
}

/** A click in a row that moved is taken back by another one. */
async function offerUndo(
  services: Services,
  { thread, merge }: Pick<Outcome, 'thread' | 'merge'>,
  text: string,
): Promise<void> {
  const undo = vscode.l10n.t('Undo Merge');
  if ((await showInformation(text, undo)) !== undo) return;
  const now = await asItIsNow(services, thread);
  // Another one by now, which is not what the message was about.
  if (now.latestMerge?.id !== merge.id || now.latestMerge.undone !== '') tellMovedOn(now);
  else await vscode.commands.executeCommand('muster.undoMerge', thread.id);
}

async function reportBlocked(services: Services, { thread, merge, options }: Outcome): Promise<void> {
  const actions = blockedActions(services, { thread, merge, options });
  const text = vscode.l10n.t('"{0}" was not merged: {1}', threadTitle(thread), withFiles(merge));
  const chosen = await showWarning(text, ...actions.map(({ label }) => label));
  const action = actions.find(({ label }) => label === chosen);
  if (action && (await isLastTried(services, thread, merge.id))) await action.run();
}

interface Action {
  readonly label: string;
  readonly run: () => Promise<unknown>;
}

function blockedActions(services: Services, { thread, merge, options }: Outcome): readonly Action[] {
  const again: Action = { label: vscode.l10n.t('Try Again'), run: () => mergeThread(services, thread, options) };
  switch (merge.reason) {
    case 'changed_since_review':
      return outdatedActions(services, { thread, options });
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

function outdatedActions(
  services: Services,
  { thread, options }: Pick<Outcome, 'thread' | 'options'>,
): readonly Action[] {
  return [
    {
      label: sinceLabel(),
      run: () => reviewSince(services, thread),
    },
    {
      label: vscode.l10n.t('Approve and Merge'),
      run: () => approveAndMerge(services, thread, options),
    },
  ];
}

/** Asks the agent about the conflict of the last merge, or about the one that a merge would come to. */
export async function resolveByAgent(services: Services, thread: Thread): Promise<void> {
  const { latestMerge, handMerge: target } = thread;
  if (target !== '') return offerHandMergeEnd({ thread: thread.id, target });
  if (latestMerge?.status === 'conflicted' && thread.status === 'needs_you')
    return askToResolve(services, thread, latestMerge);
  await askToUpdate(services, thread, thread.conflictFiles);
}

/** Nothing was to be merged yet, so that nothing is merged when the agent has resolved it. */
export async function askToUpdate(services: Services, thread: Thread, files: readonly string[]): Promise<void> {
  const target = thread.conflictTarget || thread.baseRef || vscode.l10n.t('the target branch');
  const prompt = conflictTask({ target, files: [...files] });
  const agent = await agentToGoOn(services, thread);
  if (agent === undefined) return;
  await sendTask(services, { threadId: thread.id, agent, prompt, key: randomUUID() });
  showDone(vscode.l10n.t('{0} merges {1} into "{2}" and resolves the conflict', agent, target, threadTitle(thread)));
}

/** Gives the conflict back to the agent, in the same conversation and worktree; when it has ended well the merge is asked for again. */
async function askToResolve(services: Services, thread: Thread, merge: Merge): Promise<void> {
  const prompt = conflictTask(merge);
  const thenMerge = merge.id;
  const agent = await agentToGoOn(services, thread);
  if (agent === undefined) return;
  await sendTask(services, { threadId: thread.id, agent, prompt, thenMerge, key: randomUUID() });
  showDone(vscode.l10n.t('When {0} has resolved it, "{1}" is merged', agent, threadTitle(thread)));
}

async function reportConflict(services: Services, { thread, merge, options }: Outcome): Promise<void> {
  const ask = vscode.l10n.t('Ask Agent to Resolve');
  const editor = vscode.l10n.t('Resolve in Merge Editor');
  const rebase = vscode.l10n.t('Rebase and Merge');
  const title = threadTitle(thread);
  // What the host says of it at length stands on the thread's page.
  const text =
    merge.files.length === 0
      ? vscode.l10n.t('"{0}" conflicts with {1}: {2}', title, merge.target, merge.message)
      : vscode.l10n.t('"{0}" conflicts with {1} in {2}', title, merge.target, nameSome(merge.files));
  const others = [...(thread.parts.length > 0 ? [] : [editor]), ...(merge.strategy === 'rebase' ? [] : [rebase])];
  const chosen = await showWarning(text, ask, ...others);
  if (chosen === undefined || !(await isLastTried(services, thread, merge.id))) return;
  if (chosen === ask) await askToResolve(services, thread, merge);
  if (chosen === editor) await vscode.commands.executeCommand('muster.mergeByHand', thread.id);
  if (chosen === rebase) await mergeThread(services, thread, { ...options, strategy: 'rebase' });
}

/** The host's sentence, with the files in the way if it does not name them itself. */
function withFiles({ message, files }: Merge): string {
  const missing = files.filter(file => !message.includes(file));
  if (missing.length === 0) return message;
  const list = nameSome(missing);
  return message === '' ? list : `${message} (${list})`;
}

/**
 * Takes a thread's changes as approved. `reviewed`: exactly those that the person was shown, with what they wrote since;
 * otherwise whatever is there.
 */
export async function approveThread(
  services: Services,
  thread: Thread,
  { reviewed }: { readonly reviewed: boolean },
): Promise<void> {
  if ((await askAboutUnsent(services, thread, 'approve')) === undefined) return;
  const approve = async (shown: string): Promise<string> =>
    whileWaiting(vscode.l10n.t('Approving'), signal =>
      services.reviews.approve(thread, { ...(shown !== '' && { shown }), signal }),
    );
  let head: string;
  try {
    head = await approve(reviewed ? thread.shownHead : '');
  } catch (error) {
    const files = outdatedFiles(error);
    if (!files) throw error;
    const since = sinceLabel();
    const anyway = vscode.l10n.t('Approve as It Is Now');
    const chosen = await showWarning(outdatedText(services, thread, files), since, anyway);
    if (chosen === since) await reviewSince(services, thread);
    if (chosen !== anyway) return;
    head = await approve('');
  }
  showDone(vscode.l10n.t('Approved "{0}" at {1}', threadTitle(thread), shortId(head)));
}

function outdatedText(services: Services, thread: Thread, files: readonly string[]): string {
  const text = vscode.l10n.t('"{0}" has changed since you reviewed it: {1}.', threadTitle(thread), nameSome(files));
  return withOpenReview(services, thread, text);
}

/** Takes what is there as approved and merges exactly that. */
export async function approveAndMerge(services: Services, thread: Thread, options: MergeOptions = {}): Promise<void> {
  // Before the approval: who would rather send their comments has approved nothing.
  const unsent = await askAboutUnsent(services, thread, 'merge', options.unsent);
  if (unsent === undefined) return;
  await whileWaiting(vscode.l10n.t('Approving'), signal => services.reviews.approve(thread, { signal }));
  await mergeThread(services, thread, { ...options, unsent });
}

/** Somebody else wrote into the worktree after the review was opened. */
async function reportOutdated(
  services: Services,
  { thread, files, options }: Pick<Outcome, 'thread' | 'options'> & { readonly files: readonly string[] },
): Promise<void> {
  const actions = outdatedActions(services, { thread, options });
  const chosen = await showWarning(outdatedText(services, thread, files), ...actions.map(({ label }) => label));
  await actions.find(({ label }) => label === chosen)?.run();
}
