import { errorMessage, isAppError } from '../../src/base/errors.js';
import { conflictTask } from '../../src/protocol/conflictTask.js';
import { shortId } from '../../src/protocol/displayFormat.js';
import type { Merge } from '../../src/protocol/gen/muster/v1/merges_pb.js';
import type { Thread } from '../../src/protocol/gen/muster/v1/threads_pb.js';
import { seenHead, sightOf } from '../../src/protocol/reviewedHead.js';
import type { ThreadAction } from '../../src/protocol/webview/threadActions.js';
import { fill, webviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { answerQuestion } from './answerQuestion.js';
import { ask, askForWords, say } from './dialogs.js';
import type { SiteClient } from './hostCalls.js';
import { readRunLog } from './runLog.js';
import { clientOf, type SiteContext } from './siteContext.js';
import { siteStrings as texts } from './siteStrings.js';

interface Deed {
  readonly context: SiteContext;
  readonly client: SiteClient;
  readonly thread: Thread;
  readonly signal: AbortSignal;
  /** So many comments stay unsent, as the person has said a moment ago. */
  readonly unsent?: number;
}

/** Does what a button says, as the command of the editor does. Whatever was sent goes on when the person looks elsewhere. */
export async function actOnThread(context: SiteContext, action: ThreadAction, threadId: string): Promise<void> {
  if (action === 'open') return context.go({ page: 'thread', threadId });
  if (action === 'review') return context.go({ page: 'changes', threadId, file: '' });
  const signal = context.closing;
  const client = await clientOf(context);
  const { thread } = await client.threads.getThread({ threadId }, { signal });
  if (thread) await deeds[action]?.({ context, client, thread, signal });
}

/** The actions that are missing need an editor on the host's machine and are not offered. */
const deeds: Partial<Readonly<Record<ThreadAction, (deed: Deed) => Promise<void>>>> = {
  answer: deed => answerQuestion(deed),
  merge: deed => merge(deed, ''),
  mergeAgain: deed => merge(deed, ''),
  mergeSquash: deed => merge(deed, 'squash'),
  mergeRebase: deed => merge(deed, 'rebase'),
  approve,
  async approveAndMerge(deed) {
    // Before the approval: who would rather send their comments has approved nothing.
    if (!(await mayLeaveUnsent(deed))) return;
    await approve(deed);
    // As it is with the approval: nobody is asked whether they have seen what they approved.
    const { thread = deed.thread } = await deed.client.threads.getThread(
      { threadId: deed.thread.id },
      { signal: deed.signal },
    );
    await merge({ ...deed, thread, unsent: deed.thread.draftComments }, '');
  },
  requestChanges: ({ client, thread, signal }) => requestChanges(client, { thread, signal }),
  async update({ client, thread, signal }) {
    const { updated, target } = await client.merges.updateThread({ threadId: thread.id }, { signal });
    say(fill(updated ? texts.updated : texts.upToDate, target));
  },
  async undoMerge({ client, thread, signal }) {
    const title = fill(texts.undoTitle, titleOf(thread));
    const choices = [{ label: webviewStrings.undoMerge, value: true }];
    if (!(await ask({ title, choices, dismiss: texts.cancel }))) return;
    const { target, commit } = await client.merges.undoMerge({ threadId: thread.id }, { signal });
    say(fill(texts.undone, target, shortId(commit)));
  },
  async resolve(deed) {
    const { latestMerge, status } = deed.thread;
    if (latestMerge?.status === 'conflicted' && status === 'needs_you') await askToResolve(deed, latestMerge);
    else await askToUpdate(deed);
  },
  async stop({ client, thread, signal }) {
    await client.threads.cancelThread({ threadId: thread.id }, { signal });
  },
  retry,
  // Who is asked is found by the host: whoever was asked and did not say.
  askReviewer: retry,
  async finishHandMerge({ client, thread, signal }) {
    const { target } = await client.merges.endHandMerge({ threadId: thread.id }, { signal });
    say(fill(texts.updated, target));
  },
  async abandonHandMerge({ client, thread, signal }) {
    const title = fill(texts.giveUpTitle, titleOf(thread));
    const choices = [{ label: webviewStrings.abandonHandMerge.replace('…', ''), value: true }];
    if (!(await ask({ title, detail: texts.giveUpDetail, choices, dismiss: texts.cancel }))) return;
    await client.merges.endHandMerge({ threadId: thread.id, abandon: true }, { signal });
  },
  async reopen({ client, thread, signal }) {
    await client.threads.reopenThread({ threadId: thread.id }, { signal });
  },
  async close({ client, thread, signal }) {
    if ((thread.filesChanged ?? 0) > 0) {
      const title = fill(texts.closeTitle, titleOf(thread));
      const choices = [{ label: texts.close, value: true }];
      if (!(await ask({ title, detail: texts.closeDetail, choices, dismiss: texts.cancel }))) return;
    }
    await client.threads.closeThread({ threadId: thread.id }, { signal });
  },
  abandon,
  async restore({ client, thread, signal }) {
    await client.threads.restoreThread({ threadId: thread.id }, { signal });
  },
  async rawLog({ client, thread, signal }) {
    if (thread.latestRun) await readRunLog(client, { runId: thread.latestRun.id, signal });
  },
  copyBranch: ({ thread }) => copy(thread.branch),
  copyCommit: ({ thread }) => copy(thread.latestMerge?.commit ?? ''),
  copyId: ({ thread }) => copy(thread.id),
};

/** A key that makes a call that comes twice one call. `crypto.randomUUID` is there on TLS and this machine alone. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

export function titleOf(thread: Thread): string {
  return thread.summary.trim() === '' ? thread.id : thread.summary.trim();
}

async function retry({ client, thread, signal }: Deed): Promise<void> {
  await client.threads.retryThread({ threadId: thread.id, idempotencyKey: newKey() }, { signal });
}

async function approve({ client, thread, signal }: Deed): Promise<void> {
  await client.threads.approveThread({ threadId: thread.id, shown: thread.shownHead }, { signal });
  say(fill(texts.approved, titleOf(thread)));
}

/** Asks for words, and sends them with the comments of the review. */
export async function requestChanges(
  client: SiteClient,
  { thread, signal }: { readonly thread: Thread; readonly signal: AbortSignal },
): Promise<void> {
  const note = await askForWords({
    title: texts.requestChangesTitle,
    label: fill(texts.requestChangesLabel, thread.agent),
    confirm: texts.send,
    dismiss: texts.cancel,
    mayBeEmpty: thread.draftComments > 0,
  });
  if (note === undefined) return;
  await client.reviews.requestChanges({ threadId: thread.id, note, idempotencyKey: newKey() }, { signal });
  say(fill(texts.sent, thread.agent));
}

/** Exactly what is there now; where nobody has looked at that, or comments would stay unsent, the person is asked once. */
async function merge(deed: Deed, strategy: string): Promise<void> {
  const { client, thread, signal } = deed;
  if (!(await mayMerge(deed))) return;
  const expect = thread.head;
  const { merge: asked } = await client.merges.requestMerge({ threadId: thread.id, expect, strategy }, { signal });
  if (!asked) return;
  const { merge: ended = asked } = await client.merges.waitMerge({ mergeId: asked.id }, { signal });
  await report(deed, ended);
}

async function mayMerge(deed: Deed): Promise<boolean> {
  const { context, thread } = deed;
  const sight = sightOf(thread);
  if (sight === 'seen' || sight === 'agreed') return mayLeaveUnsent(deed);
  const seen =
    sight === 'unseen'
      ? texts.mergeUnseenDetail
      : fill(texts.mergeChangedDetail, shortId(seenHead(thread)), shortId(thread.head));
  const unsent = thread.draftComments > 0;
  const chosen = await ask({
    title: fill(sight === 'unseen' ? texts.mergeUnseen : texts.mergeChanged, titleOf(thread)),
    detail: unsent ? `${seen} ${unsentText(thread)}` : seen,
    choices: [
      { label: webviewStrings.review, value: 'review' },
      ...(unsent ? [{ label: texts.requestChangesTitle, value: 'request' }] : []),
      { label: sight === 'unseen' ? webviewStrings.merge : texts.mergeAnyway, value: 'merge' },
    ],
    dismiss: texts.cancel,
  });
  if (chosen === 'review') context.go({ page: 'changes', threadId: thread.id, file: '' });
  if (chosen === 'request') await requestChanges(deed.client, deed);
  return chosen === 'merge';
}

/** What somebody wrote and did not send is easily forgotten. */
async function mayLeaveUnsent(deed: Deed): Promise<boolean> {
  const { thread, unsent = 0 } = deed;
  if (thread.draftComments === unsent) return true;
  const chosen = await ask({
    title: fill(texts.mergeUnsent, titleOf(thread)),
    detail: unsentText(thread),
    choices: [
      { label: texts.requestChangesTitle, value: 'request' },
      { label: texts.mergeAnyway, value: 'merge' },
    ],
    dismiss: texts.cancel,
  });
  if (chosen === 'request') await requestChanges(deed.client, deed);
  return chosen === 'merge';
}

function unsentText({ draftComments, agent }: Thread): string {
  return draftComments === 1 ? fill(texts.unsentOne, agent) : fill(texts.unsent, String(draftComments), agent);
}

async function report(deed: Deed, ended: Merge): Promise<void> {
  const title = titleOf(deed.thread);
  switch (ended.status) {
    case 'merged':
      say(fill(texts.merged, title, ended.target, shortId(ended.commit)));
      return;
    case 'conflicted': {
      const chosen = await ask({
        title: fill(texts.mergeStopped, title),
        detail: fill(texts.conflicts, ended.target),
        text: ended.files.join('\n'),
        choices: [{ label: webviewStrings.resolve, value: true }],
        dismiss: texts.close,
      });
      if (chosen) await askToResolve(deed, ended);
      return;
    }
    case 'blocked':
    case 'failed':
      await ask({
        title: fill(texts.mergeStopped, title),
        detail: ended.message,
        text: ended.files.join('\n'),
        choices: [],
        dismiss: texts.close,
      });
      return;
    default:
  }
}

/** In its own conversation and worktree; when it has ended well the merge is asked for again. */
async function askToResolve({ client, thread, signal }: Deed, conflicted: Merge): Promise<void> {
  const { id: threadId, agent } = thread;
  const prompt = conflictTask(conflicted);
  const more = { thenMerge: conflicted.id, idempotencyKey: newKey() };
  await client.threads.dispatch({ threadId, agent, prompt, ...more }, { signal });
  say(fill(texts.resolving, agent, titleOf(thread)));
}

/** No merge was asked for, so that nothing is merged when it is resolved. */
async function askToUpdate({ client, thread, signal }: Deed): Promise<void> {
  const { id: threadId, agent, conflictTarget: target, conflictFiles: files } = thread;
  const prompt = conflictTask({ target, files });
  await client.threads.dispatch({ threadId, agent, prompt, idempotencyKey: newKey() }, { signal });
  say(fill(texts.sent, agent));
}

async function abandon({ client, thread, signal }: Deed): Promise<void> {
  const chosen = await ask({
    title: fill(texts.abandonTitle, titleOf(thread)),
    detail: texts.abandonDetail,
    choices: [{ label: webviewStrings.abandon.replace('…', ''), value: true }],
    dismiss: texts.cancel,
  });
  if (!chosen) return;
  try {
    await client.threads.abandonThread({ threadId: thread.id }, { signal });
  } catch (error) {
    if (!isAppError(error, 'worktree.ignoredTooLarge')) throw error;
    const ignored = await ask({
      title: texts.largeIgnored,
      detail: errorMessage(error),
      choices: [
        { label: texts.keepArchive, value: 'archive' },
        { label: texts.discard, value: 'discard' },
      ],
      dismiss: texts.cancel,
    });
    if (ignored !== undefined) await client.threads.abandonThread({ threadId: thread.id, ignored }, { signal });
  }
}

/** Without TLS browsers give pages no clipboard: then the text can be selected. */
async function copy(text: string): Promise<void> {
  const { clipboard }: { readonly clipboard?: Clipboard } = navigator;
  if (clipboard) {
    await clipboard.writeText(text);
    say(texts.copied);
  } else await ask({ title: text, choices: [], dismiss: texts.close });
}
