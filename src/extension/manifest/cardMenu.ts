import type { ThreadAction } from '../../protocol/webview/threadActions.js';
import type { CommandId } from './commandTable.js';

interface CardEntry {
  readonly command: CommandId;
  readonly group: string;
  readonly when: string;
}

/** The menu of a card of the board: what its thread's page offers, in the groups of a row's menu. */
export const cardMenu: readonly CardEntry[] = [
  entry('muster.answer', '0_need@1', 'answer'),
  entry('muster.resolveConflict', '0_need@1', 'resolve'),
  entry('muster.mergeByHand', '0_need@2', 'mergeByHand'),
  entry('muster.finishHandMerge', '0_need@1', 'finishHandMerge'),
  entry('muster.abandonHandMerge', '0_need@3', 'abandonHandMerge'),
  entry('muster.rebase', '0_need@3', 'mergeRebase'),
  entry('muster.fixAgent', '0_need@1', 'fixAgent'),
  entry('muster.approveAndMerge', '0_need@3', 'approveAndMerge'),
  entry('muster.retryThread', '0_need@4', 'retry', 'askReviewer'),
  entry('muster.openThread', '1_open@1', 'open'),
  entry('muster.review', '1_open@2', 'review'),
  entry('muster.requestChanges', '1_open@4', 'requestChanges'),
  entry('muster.compareAttempts', '1_open@6', 'compareAttempts'),
  entry('muster.keepAttempt', '2_merge@0', 'keepAttempt'),
  entry('muster.merge', '2_merge@1', 'merge', 'mergeAgain'),
  entry('muster.undoMerge', '2_merge@1', 'undoMerge'),
  entry('muster.approve', '2_merge@2', 'approve'),
  entry('muster.updateThread', '2_merge@3', 'update'),
  entry('muster.openWorktree', '3_more@1', 'openWorktree'),
  entry('muster.openWorktreeTerminal', '3_more@2', 'openTerminal'),
  entry('muster.showLog', '3_more@3', 'rawLog'),
  entry('muster.cancelThread', '4_end@1', 'stop'),
  entry('muster.closeThread', '4_end@2', 'close'),
  entry('muster.reopenThread', '4_end@2', 'reopen'),
  entry('muster.abandonThread', '4_remove@1', 'abandon'),
  entry('muster.restoreThread', '4_end@4', 'restore'),
  entry('muster.copyThreadId', '5_copy@1', 'copyId'),
  entry('muster.copyBranch', '5_copy@2', 'copyBranch'),
  entry('muster.copyMergeCommit', '5_copy@3', 'copyCommit'),
];

/** The card tells which actions make sense (`webview/board/threadCard.ts`). */
function entry(command: CommandId, group: string, ...actions: readonly ThreadAction[]): CardEntry {
  return { command, group, when: `webviewId == muster.board && musterActions =~ /\\b(${actions.join('|')})\\b/` };
}
