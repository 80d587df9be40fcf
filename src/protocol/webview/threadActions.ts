import { isThreadActive } from '../threadDisplay.js';
import type { ThreadView } from './threadView.js';

/** Buttons of the webviews that act on one thread. The extension maps each to its command. */
export const threadActions = [
  'open',
  'review',
  'merge',
  'mergeSquash',
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

/** The actions that make sense for a thread now; `open` is never among them. */
export function offeredActions(thread: ThreadView): OfferedActions {
  const { status, hasWorktree, restorable, latestRun } = thread;
  const settled = status === 'merged' || status === 'closed' || status === 'abandoned';
  const hasChanges = (thread.filesChanged ?? 0) > 0;
  const runFailed = latestRun !== undefined && ['failed', 'timed_out', 'lost'].includes(latestRun.status);
  const running = isThreadActive(status) || latestRun?.status === 'waiting';
  const buttons: ThreadAction[] = [];
  if (running) buttons.push('stop');
  if (!running && !settled && runFailed) buttons.push('retry');
  if (hasChanges && status !== 'abandoned') buttons.push('review');
  if (status === 'ready' || (status === 'needs_you' && !running && hasChanges)) buttons.push('merge');
  if (restorable && !hasWorktree) buttons.push('restore');
  const menu: ThreadAction[] = ['rawLog'];
  if (hasWorktree) menu.push('openWorktree', 'openTerminal');
  if (thread.branch !== '') menu.push('copyBranch');
  menu.push('copyId');
  if (!settled && !running && status !== 'merging') menu.push('close');
  if (status !== 'abandoned' && status !== 'merging') menu.push('abandon');
  return { buttons, menu };
}
