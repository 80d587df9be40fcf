import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { offeredActions } from '../../protocol/webview/threadActions.js';
import { toThreadView } from '../../protocol/webview/threadView.js';
import { isThreadActive, parseThreadStatus } from '../../protocol/threadDisplay.js';
import { sendTask } from '../dispatch/sendTask.js';
import type { threadCommands } from '../manifest/threadCommands.js';
import type { Services } from '../services.js';
import { targetThread, targetThreads } from '../threads/pickThread.js';
import { threadTitle } from '../threads/threadTitles.js';
import { canRetry } from '../views/threadNodes.js';
import { answerQuestion } from './answerQuestion.js';
import { explainAgentOf } from './explainAgent.js';
import type { CommandHandlers } from './commandHandler.js';
import { endThreadHandlers } from './endThreadHandlers.js';
import type { ThreadListCommand } from './threadListHandlers.js';
import { showDone, showInformation, whileWaiting } from '../plain/messages.js';
import { windowClosing } from '../windowClosing.js';

type Ids = Exclude<keyof typeof threadCommands, ThreadListCommand>;

/** Commands on threads. All start the host when it is down, except copying and muting, which need none. */
export function threadHandlers(services: Services): CommandHandlers<Ids> {
  const one = (args: readonly unknown[], placeHolder: string, filter: (thread: Thread) => boolean = () => true) =>
    targetThread(services, args, { placeHolder, filter });
  return {
    ...endThreadHandlers(services),
    ...landingHandlers(services),
    'muster.openThread': async (...args) => {
      const thread = await one(args, vscode.l10n.t('Which thread?'));
      if (thread) await services.pages.open(thread.id, { title: threadTitle(thread) });
    },
    // Read from disk when it is wanted.
    'muster.openPullRequest': async (...args) => (await import('./openPullRequest.js')).openPullRequest(services, args),
    'muster.compareAttempts': async (...args) => (await import('./attempts.js')).compareAttempts(services, args),
    'muster.keepAttempt': async (...args) => (await import('./attempts.js')).keepAttempt(services, args),
    'muster.findInThread': () => services.pages.find(),
    'muster.answer': async (...args) => {
      const thread = await one(args, vscode.l10n.t('Whose question?'), ({ questions }) => questions.length > 0);
      if (thread) await answerQuestion(services, thread);
    },
    'muster.review': async (...args) => {
      const thread = await one(args, vscode.l10n.t('Which thread do you want to review?'), hasChanges);
      if (thread) await review(services, thread);
    },
    'muster.openChangedFile': async (threadId, path) => {
      const thread = await one([threadId], vscode.l10n.t('Which thread?'));
      if (!thread || typeof path !== 'string') return;
      await services.reviews.openFile(thread, path, { signal: windowClosing });
    },
    'muster.showLog': async (...args) => {
      const thread = await one(args, vscode.l10n.t('Whose log?'));
      if (!thread) return;
      const runId = typeof args[1] === 'string' ? args[1] : thread.latestRun?.id;
      if (runId === undefined) {
        void showInformation(vscode.l10n.t('"{0}" has not run yet.', threadTitle(thread)));
        return;
      }
      await services.logs.open(thread, runId);
    },
    'muster.followUp': async (...args) => {
      const thread = await one(args, vscode.l10n.t('Follow up on which thread?'), canFollowUp);
      if (!thread) return;
      const [, prompt] = args;
      if (typeof prompt !== 'string') return services.pages.open(thread.id, { focusFollowUp: true });
      await sendTask(services, { threadId: thread.id, agent: thread.agent, prompt, key: randomUUID() });
    },
    'muster.retryThread': async (...args) => {
      const thread = await one(args, vscode.l10n.t('Which thread should try again?'), canRetry);
      if (thread) await retry(services, thread);
    },
    'muster.fixAgent': async (...args) => {
      const thread = await one(args, vscode.l10n.t('Whose agent?'), anyThread().filter);
      if (thread) await explainAgentOf(services, thread);
    },
    'muster.muteThread': async (...args) => {
      for (const thread of (await targetThreads(services, args, anyThread())) ?? [])
        await services.muted.mute(thread.id);
    },
    'muster.unmuteThread': async (...args) => {
      for (const thread of (await targetThreads(services, args, anyThread())) ?? [])
        await services.muted.unmute(thread.id);
    },
    'muster.copyThreadId': async (...args) => {
      const thread = await one(args, vscode.l10n.t('Which thread?'));
      if (thread) await vscode.env.clipboard.writeText(thread.id);
    },
    'muster.copyMergeCommit': async (...args) => {
      const landed = ({ latestMerge }: Thread): boolean =>
        latestMerge?.status === 'merged' && latestMerge.commit !== '';
      const thread = await one(args, vscode.l10n.t('Which thread?'), landed);
      if (thread?.latestMerge) await copyCommit(thread.latestMerge.commit);
    },
    'muster.copyBranch': async (...args) => {
      const thread = await one(args, vscode.l10n.t('Which thread?'), ({ branch }) => branch !== '');
      if (thread) await vscode.env.clipboard.writeText(thread.branch);
    },
  };
}

/** What is copied by a click on a page is said, or nobody would know. */
async function copyCommit(commit: string): Promise<void> {
  await vscode.env.clipboard.writeText(commit);
  showDone(vscode.l10n.t('Copied {0}', commit));
}

type LandingIds =
  | 'muster.approve'
  | 'muster.merge'
  | 'muster.approveAndMerge'
  | 'muster.resolveConflict'
  | 'muster.mergeByHand'
  | 'muster.finishHandMerge'
  | 'muster.abandonHandMerge'
  | 'muster.squash'
  | 'muster.rebase';

/** Commands that bring a thread's work to where it belongs. */
function landingHandlers(services: Services): Pick<CommandHandlers<Ids>, LandingIds> {
  return {
    'muster.approve': async (...args) => {
      const threads = await targetThreads(services, args, {
        placeHolder: vscode.l10n.t('Which thread do you approve?'),
        filter: canApprove,
      });
      for (const thread of threads ?? [])
        await (await merges()).approveThread(services, thread, { reviewed: isInFront(services, thread) });
    },
    'muster.merge': async (...args) => {
      for (const thread of (await mergeable(services, args)) ?? [])
        await (await merges()).mergeThread(services, thread);
    },
    'muster.approveAndMerge': async (...args) => {
      const threads = await targetThreads(services, args, {
        placeHolder: vscode.l10n.t('Which thread do you approve and merge?'),
        filter: canApprove,
      });
      for (const thread of threads ?? []) await (await merges()).approveAndMerge(services, thread);
    },
    'muster.resolveConflict': async (...args) => {
      const thread = await targetThread(services, args, {
        placeHolder: vscode.l10n.t('Which conflict should be resolved?'),
        filter: hasConflict,
      });
      if (thread) await (await merges()).resolveByAgent(services, thread);
    },
    'muster.mergeByHand': async (...args) => {
      const thread = await withWorktree(services, args, vscode.l10n.t('Which conflict do you want to resolve?'));
      if (thread) await (await handMerges()).mergeByHand(services, thread);
    },
    'muster.finishHandMerge': async (...args) => {
      const thread = await halfMerged(services, args, vscode.l10n.t('Which merge is resolved?'));
      if (thread) await (await handMerges()).finishHandMerge(services, thread);
    },
    'muster.abandonHandMerge': async (...args) => {
      const thread = await halfMerged(services, args, vscode.l10n.t('Which merge do you give up?'));
      if (thread) await (await handMerges()).abandonHandMerge(services, thread);
    },
    'muster.squash': async (...args) => {
      const threads = await mergeable(services, args);
      for (const thread of threads ?? []) await (await merges()).mergeThread(services, thread, { strategy: 'squash' });
    },
    'muster.rebase': async (...args) => {
      const threads = await mergeable(services, args);
      for (const thread of threads ?? []) await (await merges()).mergeThread(services, thread, { strategy: 'rebase' });
    },
  };
}

/** Read with the first approval or merge. */
function merges() {
  return import('../review/mergeThread.js');
}

/** Read when somebody merges by hand. */
function handMerges() {
  return import('../review/handMerge.js');
}

function anyThread() {
  return { placeHolder: vscode.l10n.t('Which thread?'), filter: () => true };
}

function hasChanges(thread: Thread): boolean {
  return thread.head !== '' && thread.filesChanged !== 0;
}

/** Wherever something is there to approve and nobody is at work on it. */
function canApprove(thread: Thread): boolean {
  return hasChanges(thread) && canFollowUp(thread) && thread.status !== 'merging';
}

/** Approving from the review means what it shows. */
function isInFront(services: Services, { id }: Thread): boolean {
  return services.reviews.activeThreadId === id;
}

/** One whose worktree a person may work in now. */
function withWorktree(services: Services, args: readonly unknown[], placeHolder: string): Promise<Thread | undefined> {
  return targetThread(services, args, { placeHolder, filter: thread => thread.worktree !== '' && canFollowUp(thread) });
}

/** One with a merge that a person has begun in its worktree. As a rule there is one such thread at most, and nothing to ask. */
function halfMerged(services: Services, args: readonly unknown[], placeHolder: string): Promise<Thread | undefined> {
  return targetThread(services, args, { placeHolder, filter: ({ handMerge }) => handMerge !== '', onlyFitting: true });
}

/** The last merge came to one, or the next one would. */
function hasConflict(thread: Thread): boolean {
  return offeredActions(toThreadView(thread)).buttons.includes('resolve');
}

function canFollowUp(thread: Thread): boolean {
  return thread.outcome === 'open' && !isThreadActive(parseThreadStatus(thread.status));
}

function mergeable(services: Services, args: readonly unknown[]): Promise<readonly Thread[] | undefined> {
  return targetThreads(services, args, {
    placeHolder: vscode.l10n.t('Which thread should be merged?'),
    filter: thread => {
      const { buttons } = offeredActions(toThreadView(thread));
      return buttons.includes('merge') || buttons.includes('mergeAgain') || buttons.includes('approveAndMerge');
    },
  });
}

/** Sends the last task of the thread again; the agent goes on in the same conversation and worktree. */
async function retry(services: Services, thread: Thread): Promise<void> {
  await whileWaiting(vscode.l10n.t('Trying "{0}" again', threadTitle(thread)), async signal => {
    const client = await services.host.client(signal);
    await client.threads.retryThread(
      {
        threadId: thread.id,
        environment: collectProviderEnvironment(process.env),
        idempotencyKey: randomUUID(),
      },
      { signal },
    );
  });
  services.attention.dispatchedHere(thread.id);
}

async function review(services: Services, thread: Thread): Promise<void> {
  if (thread.worktree === '' && thread.head === '') {
    const restore = vscode.l10n.t('Restore Thread');
    const buttons = thread.rescue === '' ? [] : [restore];
    const text = vscode.l10n.t('The worktree of "{0}" was removed.', threadTitle(thread));
    const chosen = await showInformation(text, ...buttons);
    if (chosen === restore) await vscode.commands.executeCommand('muster.restoreThread', thread.id);
    return;
  }
  const opened = await whileWaiting(vscode.l10n.t('Reading the changes'), signal =>
    services.reviews.open(thread, signal),
  );
  if (opened) return;
  const followUp = vscode.l10n.t('Follow Up');
  const text = vscode.l10n.t('"{0}" has changed nothing.', threadTitle(thread));
  const chosen = await showInformation(text, followUp);
  if (chosen === followUp) await vscode.commands.executeCommand('muster.followUp', thread.id);
}
