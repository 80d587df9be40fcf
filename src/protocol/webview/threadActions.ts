import { isThreadActive } from '../threadDisplay.js';
import { threadNeed, type ThreadNeed } from './threadNeeds.js';
import type { ThreadView } from './threadView.js';

/** Buttons of the webviews that act on one thread. The extension maps each to its command. */
export const threadActions = [
  'open',
  'review',
  'merge',
  'mergeSquash',
  'approve',
  'approveAndMerge',
  'mergeAgain',
  'resolve',
  'showSourceControl',
  'fixAgent',
  'stop',
  'retry',
  'close',
  'abandon',
  'restore',
  'openWorktree',
  'openTerminal',
  'rawLog',
  'copyBranch',
  'copyId',
] as const;

export type ThreadAction = (typeof threadActions)[number];

/** What a person can do with a thread in its present state. */
export interface OfferedActions {
  /** Buttons, the most likely first. */
  readonly buttons: readonly ThreadAction[];
  /** Behind *more*. */
  readonly menu: readonly ThreadAction[];
}

/** What helps against each need, the most likely first. */
const needActions: Readonly<Record<ThreadNeed, readonly ThreadAction[]>> = {
  question: [],
  outdated: ['review', 'approveAndMerge'],
  conflict: ['resolve', 'openWorktree'],
  targetEdits: ['mergeAgain', 'showSourceControl'],
  mergeFailed: ['mergeAgain'],
  agentProblem: ['fixAgent', 'retry'],
  runFailed: ['retry', 'rawLog'],
  stopped: ['retry'],
};

/** What a person can do about a thread that needs them; empty when it needs nobody. */
export function actionsForNeed(thread: ThreadView): readonly ThreadAction[] {
  const need = threadNeed(thread);
  return need === undefined ? [] : needActions[need].filter(action => action !== 'openWorktree' || thread.hasWorktree);
}

/** The actions that make sense for a thread now; `open` is never among them. */
export function offeredActions(thread: ThreadView): OfferedActions {
  const { status, hasWorktree, restorable, latestRun } = thread;
  const settled = status === 'merged' || status === 'closed' || status === 'abandoned';
  const hasChanges = (thread.filesChanged ?? 0) > 0;
  const running = isThreadActive(status) || latestRun?.status === 'waiting';
  const need = threadNeed(thread);
  const buttons: ThreadAction[] = [];
  if (running) buttons.push('stop');
  buttons.push(...actionsForNeed(thread).filter(action => action !== 'rawLog'));
  if (hasChanges && status !== 'abandoned' && !buttons.includes('review')) buttons.push('review');
  if (status === 'ready' && hasChanges) buttons.push('merge');
  if (status === 'ready' && !hasChanges) buttons.push('close');
  // An agent that failed may have left something that is good as it is.
  const runFailed = need === 'runFailed' || need === 'agentProblem';
  if (status === 'needs_you' && runFailed && hasChanges && !running) buttons.push('merge');
  if (restorable && !hasWorktree) buttons.push('restore');
  const menu: ThreadAction[] = [];
  const approvable = !running && !settled && status !== 'merging' && hasChanges && thread.approved === undefined;
  if (approvable) menu.push('approve');
  menu.push('rawLog');
  if (hasWorktree && !buttons.includes('openWorktree')) menu.push('openWorktree');
  if (hasWorktree) menu.push('openTerminal');
  if (thread.branch !== '') menu.push('copyBranch');
  menu.push('copyId');
  if (!settled && !running && status !== 'merging' && !buttons.includes('close')) menu.push('close');
  if (status !== 'abandoned' && status !== 'merging') menu.push('abandon');
  return { buttons, menu };
}
