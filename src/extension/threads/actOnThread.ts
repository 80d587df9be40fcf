import * as vscode from 'vscode';
import type { ThreadAction } from '../../protocol/webview/threadActions.js';
import { webviewStrings } from '../../protocol/webview/webviewStrings.js';
import type { CommandId } from '../manifest/commandTable.js';

/** The commands behind the buttons of pages, cards and messages. */
const actionCommands: Readonly<Record<ThreadAction, CommandId | 'workbench.view.scm'>> = {
  open: 'muster.openThread',
  answer: 'muster.answer',
  review: 'muster.review',
  merge: 'muster.merge',
  mergeSquash: 'muster.squash',
  approve: 'muster.approve',
  approveAndMerge: 'muster.approveAndMerge',
  requestChanges: 'muster.requestChanges',
  update: 'muster.updateThread',
  undoMerge: 'muster.undoMerge',
  mergeAgain: 'muster.merge',
  resolve: 'muster.resolveConflict',
  mergeByHand: 'muster.mergeByHand',
  finishHandMerge: 'muster.finishHandMerge',
  abandonHandMerge: 'muster.abandonHandMerge',
  mergeRebase: 'muster.rebase',
  showSourceControl: 'workbench.view.scm',
  fixAgent: 'muster.fixAgent',
  compareAttempts: 'muster.compareAttempts',
  keepAttempt: 'muster.keepAttempt',
  stop: 'muster.cancelThread',
  retry: 'muster.retryThread',
  askReviewer: 'muster.retryThread',
  close: 'muster.closeThread',
  reopen: 'muster.reopenThread',
  abandon: 'muster.abandonThread',
  restore: 'muster.restoreThread',
  openWorktree: 'muster.openWorktree',
  openTerminal: 'muster.openWorktreeTerminal',
  rawLog: 'muster.showLog',
  copyBranch: 'muster.copyBranch',
  copyCommit: 'muster.copyMergeCommit',
  copyId: 'muster.copyThreadId',
};

/** Does what a button says, as its command does. */
export async function actOnThread(action: ThreadAction, threadId: string): Promise<void> {
  await vscode.commands.executeCommand(actionCommands[action], threadId);
}

/** A button about one thread. */
export interface ThreadButton {
  readonly label: string;
  /** What it does of what a page offers; whoever shows the button for long looks whether that is still offered. */
  readonly action?: ThreadAction;
  readonly run: () => Promise<void>;
}

/** Buttons that do what those of a page with the same words do. */
export function buttonsFor(actions: readonly ThreadAction[], threadId: string): readonly ThreadButton[] {
  return actions.map(action => ({
    label: vscode.l10n.t(webviewStrings[action]),
    action,
    run: () => actOnThread(action, threadId),
  }));
}
