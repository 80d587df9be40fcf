import { isThreadActive } from '../threadDisplay.js';
import { threadNeed, type ThreadNeed } from './threadNeeds.js';
import type { ThreadView } from './threadView.js';

/** Buttons of the webviews that act on one thread. The extension maps each to its command. */
export const threadActions = [
  'open',
  'answer',
  'review',
  'merge',
  'mergeSquash',
  'approve',
  'approveAndMerge',
  'requestChanges',
  'update',
  'undoMerge',
  'mergeAgain',
  'resolve',
  'finishHandMerge',
  'abandonHandMerge',
  'mergeByHand',
  'mergeRebase',
  'showSourceControl',
  'fixAgent',
  'compareAttempts',
  'keepAttempt',
  'stop',
  'retry',
  'askReviewer',
  'close',
  'reopen',
  'abandon',
  'restore',
  'openWorktree',
  'openTerminal',
  'rawLog',
  'copyBranch',
  'copyCommit',
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
  question: ['answer'],
  handMerge: ['finishHandMerge', 'mergeByHand', 'abandonHandMerge', 'openWorktree'],
  outdated: ['review', 'approveAndMerge'],
  conflict: ['resolve', 'mergeByHand', 'mergeRebase', 'openWorktree'],
  targetEdits: ['mergeAgain', 'showSourceControl'],
  mergeFailed: ['mergeAgain'],
  nothingToMerge: ['close'],
  agentProblem: ['fixAgent', 'retry'],
  runFailed: ['retry', 'rawLog'],
  unreviewed: ['askReviewer', 'rawLog'],
  stopped: ['retry'],
};

/** What works on the disk of the host's machine or in an editor on it, or has its dialogs there alone. */
const editorActions: ReadonlySet<ThreadAction> = new Set([
  'mergeByHand',
  'showSourceControl',
  'fixAgent',
  'openWorktree',
  'openTerminal',
  'compareAttempts',
  'keepAttempt',
]);

function isPossible(action: ThreadAction, { inBrowser = false, several = false }: ThreadView): boolean {
  // The merge editor is for one repository (docs/limits.md).
  return !(inBrowser && editorActions.has(action)) && !(several && action === 'mergeByHand');
}

/** What a person can do about a thread that needs them; empty when it needs nobody. */
export function actionsForNeed(thread: ThreadView): readonly ThreadAction[] {
  const need = threadNeed(thread);
  const helping = need === undefined ? [] : needActions[need];
  return helping.filter(action => isPossible(action, thread) && (action !== 'openWorktree' || thread.hasWorktree));
}

/** What decides which actions make sense. */
interface Situation {
  readonly thread: ThreadView;
  readonly running: boolean;
  /** Nothing more is expected of it. */
  readonly settled: boolean;
  readonly merging: boolean;
  readonly ready: boolean;
  readonly abandoned: boolean;
  readonly hasChanges: boolean;
  /** An agent that failed may have left something that is good as it is. */
  readonly failedWithWork: boolean;
  /** Is one of the buttons already. */
  readonly isButton: (action: ThreadAction) => boolean;
}

type Offer = readonly [action: ThreadAction, when: (situation: Situation) => boolean];

/** Behind what helps against its need, in this order. */
const buttonOffers: readonly Offer[] = [
  ['review', ({ hasChanges, abandoned }) => hasChanges && !abandoned],
  ['resolve', isConflicting],
  ['mergeByHand', situation => isConflicting(situation) && situation.thread.hasWorktree],
  ['merge', situation => canMerge(situation) && !isConflicting(situation)],
  ['close', ({ ready, hasChanges }) => ready && !hasChanges],
  ['reopen', ({ thread }) => thread.reopenable === true],
  ['restore', ({ thread }) => thread.restorable && !thread.hasWorktree],
];

const menuOffers: readonly Offer[] = [
  // What is predicted may be over by now: whoever wants to try can.
  ['merge', situation => canMerge(situation) && isConflicting(situation)],
  ['approve', situation => isLeft(situation) && situation.hasChanges && situation.thread.approved === undefined],
  ['requestChanges', situation => isLeft(situation) && situation.hasChanges],
  ['update', situation => isLeft(situation) && situation.thread.hasWorktree],
  ['undoMerge', ({ thread }) => thread.status === 'merged'],
  ['compareAttempts', isAttempt],
  ['keepAttempt', isAttempt],
  ['rawLog', () => true],
  ['openWorktree', ({ thread }) => thread.hasWorktree],
  ['openTerminal', ({ thread }) => thread.hasWorktree],
  ['copyBranch', ({ thread }) => thread.branch !== ''],
  ['copyCommit', ({ thread }) => thread.latestMerge?.commit !== undefined],
  ['copyId', () => true],
  ['close', situation => isLeft(situation) || situation.thread.handMerge !== undefined],
  // Of what was merged there is nothing to give up any more: its worktree can go, and its merge be undone.
  ['abandon', ({ thread, abandoned, merging }) => !abandoned && !merging && thread.status !== 'merged'],
];

/** One of several at the same task, and none is kept yet. */
function isAttempt({ thread, settled }: Situation): boolean {
  return thread.attempt !== undefined && !settled;
}

function canMerge({ ready, hasChanges, failedWithWork }: Situation): boolean {
  return (ready && hasChanges) || failedWithWork;
}

/** Found out before anybody has tried to merge it. */
function isConflicting(situation: Situation): boolean {
  return canMerge(situation) && situation.thread.conflicting === true;
}

/** Nobody works on it, its files are whole, and its end is open. */
function isLeft({ running, settled, merging, thread }: Situation): boolean {
  return !running && !settled && !merging && thread.handMerge === undefined;
}

/** The actions that make sense for a thread now; `open` is never among them. */
export function offeredActions(thread: ThreadView): OfferedActions {
  const situation = situationOf(thread);
  const urgent = situation.running ? (['stop'] as const) : [];
  const helping = actionsForNeed(thread).filter(action => action !== 'rawLog');
  const buttons = extended([...urgent, ...helping], buttonOffers, situation);
  const isButton = (action: ThreadAction): boolean => buttons.includes(action);
  return { buttons, menu: extended([], menuOffers, { ...situation, isButton }) };
}

function situationOf(thread: ThreadView): Situation {
  const { status, latestRun } = thread;
  const need = threadNeed(thread);
  const running = isThreadActive(status) || latestRun?.status === 'waiting';
  const hasChanges = (thread.filesChanged ?? 0) > 0;
  const runFailed = status === 'needs_you' && ['runFailed', 'unreviewed', 'agentProblem'].includes(need ?? '');
  return {
    thread,
    running,
    settled: status === 'merged' || status === 'closed' || status === 'abandoned',
    merging: status === 'merging',
    ready: status === 'ready',
    abandoned: status === 'abandoned',
    hasChanges,
    failedWithWork: runFailed && hasChanges && !running,
    isButton: () => false,
  };
}

/** The actions with those of the offers that make sense and are nowhere yet. */
function extended(
  actions: readonly ThreadAction[],
  offers: readonly Offer[],
  situation: Situation,
): readonly ThreadAction[] {
  const more = offers
    .filter(
      ([action, when]) =>
        !actions.includes(action) &&
        !situation.isButton(action) &&
        isPossible(action, situation.thread) &&
        when(situation),
    )
    .map(([action]) => action);
  return [...actions, ...more];
}
