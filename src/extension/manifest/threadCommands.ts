import { never, trusted, type CommandEntry } from './commandEntry.js';
import { onThread, threadsView as threads, undecidedReview as review } from './menuPlaces.js';

const any = 'thread';
const stoppable = 'working|queued|waiting';
const unfinished = 'needs_you|queued|working|ready|failed';

/** As {@link onThread}, where the merge editor can be of help. */
function byHand(states: string, group: string) {
  const place = onThread(states, group);
  return { ...place, when: `${place.when} && viewItem =~ /\\bbyHand\\b/` };
}

/** A thread page is the active editor. */
const threadPage = 'activeWebviewPanelId == muster.threadPage';

/** Commands on one thread. Without an argument each asks which. */
export const threadCommands = {
  'muster.openThread': {
    title: 'Open Thread',
    icon: '$(comment-discussion)',
    menus: [onThread('working|queued|needs_you', 'inline@4'), onThread(any, '1_open@1')],
  },
  'muster.answer': {
    title: 'Answer Question of Agent...',
    icon: '$(question)',
    enablement: trusted,
    menus: [onThread('question', 'inline@1'), onThread('question', '0_need@1')],
  },
  'muster.review': {
    title: 'Review Changes',
    icon: '$(diff-multiple)',
    menus: [
      onThread('ready.*reviewable', 'inline@1'),
      onThread('outdated', 'inline@1'),
      onThread('reviewable', '1_open@2'),
    ],
  },
  'muster.showLog': {
    title: 'Show Raw Log',
    icon: '$(output)',
    menus: [
      onThread(any, '3_more@3'),
      { menu: 'view/item/context', when: 'view == muster.worktrees && viewItem == sandbox', group: '1_open@3' },
    ],
  },
  'muster.followUp': {
    title: 'Follow Up...',
    icon: '$(reply)',
    enablement: trusted,
    menus: [onThread(unfinished, '1_open@5')],
  },
  'muster.retryThread': {
    title: 'Retry Thread',
    icon: '$(debug-restart)',
    enablement: trusted,
    menus: [onThread('retryable', 'inline@1'), onThread('retryable', '0_need@4')],
  },
  'muster.approve': {
    title: 'Approve Changes',
    icon: '$(check)',
    enablement: trusted,
    menus: [onThread('approvable', '2_merge@2'), { menu: 'editor/title', when: review, group: 'navigation@-3' }],
  },
  'muster.approveAndMerge': {
    title: 'Approve and Merge',
    icon: '$(git-merge)',
    enablement: trusted,
    menus: [
      onThread('outdated', 'inline@2'),
      onThread('outdated', '0_need@3'),
      onThread('approvable', '1_merge@1', 'muster.mergeMenu'),
    ],
  },
  'muster.resolveConflict': {
    title: 'Ask Agent to Resolve Conflict',
    icon: '$(sparkle)',
    enablement: trusted,
    menus: [onThread('conflict', 'inline@1'), onThread('conflict|conflicting', '0_need@1')],
  },
  'muster.mergeByHand': {
    title: 'Resolve Conflict in Merge Editor',
    icon: '$(combine)',
    enablement: trusted,
    menus: [byHand('conflicting|handMerge', 'inline@2'), byHand('conflict|conflicting|handMerge', '0_need@2')],
  },
  'muster.finishHandMerge': {
    title: 'Complete Merge into Thread',
    icon: '$(check)',
    enablement: trusted,
    palette: 'muster.handMerges',
    menus: [onThread('handMerge', 'inline@1'), onThread('handMerge', '0_need@1')],
  },
  'muster.abandonHandMerge': {
    title: 'Give Up Merge into Thread',
    icon: '$(discard)',
    enablement: trusted,
    palette: 'muster.handMerges',
    menus: [onThread('handMerge', 'inline@3'), onThread('handMerge', '0_need@3')],
  },
  'muster.rebase': {
    title: 'Rebase and Merge Thread',
    icon: '$(git-merge)',
    enablement: trusted,
    menus: [onThread('conflict', '0_need@3'), onThread('mergeable', '1_merge@3', 'muster.mergeMenu')],
  },
  'muster.fixAgent': {
    title: 'Show How to Fix the Agent of Thread',
    icon: '$(question)',
    enablement: trusted,
    menus: [onThread('agentProblem', 'inline@1'), onThread('agentProblem', '0_need@1')],
  },
  'muster.merge': {
    title: 'Merge Thread',
    icon: '$(git-merge)',
    enablement: trusted,
    menus: [
      onThread('mergeable', 'inline@2'),
      onThread('mergeable|conflicting', '2_merge@1'),
      { menu: 'editor/title', when: review, group: 'navigation@-2' },
    ],
  },
  'muster.squash': {
    title: 'Squash and Merge Thread',
    icon: '$(git-commit)',
    enablement: trusted,
    menus: [onThread('mergeable', '1_merge@2', 'muster.mergeMenu')],
  },
  'muster.cancelThread': {
    title: 'Stop Thread',
    icon: '$(debug-stop)',
    enablement: trusted,
    menus: [onThread(stoppable, 'inline@3'), onThread(stoppable, '4_end@1')],
  },
  'muster.cancelMerge': {
    title: 'Cancel Merge',
    icon: '$(circle-slash)',
    enablement: trusted,
    menus: [onThread('merging', 'inline@3'), onThread('merging', '4_end@1')],
  },
  'muster.closeThread': {
    title: 'Close Thread Without Merging',
    icon: '$(close)',
    enablement: trusted,
    menus: [onThread('needs_you|ready|failed', '4_end@2')],
  },
  'muster.reopenThread': {
    title: 'Reopen Thread',
    icon: '$(debug-restart)',
    enablement: trusted,
    menus: [onThread('reopenable', 'inline@1'), onThread('reopenable', '4_end@2')],
  },
  'muster.openPullRequest': {
    title: 'Open Pull Request...',
    icon: '$(git-pull-request)',
    enablement: trusted,
    menus: [onThread('undecided', '2_other@1', 'muster.mergeMenu')],
  },
  'muster.compareAttempts': {
    title: 'Compare Attempts Side by Side',
    icon: '$(split-horizontal)',
    menus: [onThread('attempt', '1_open@6')],
  },
  'muster.keepAttempt': {
    title: 'Keep This Attempt...',
    icon: '$(star)',
    enablement: trusted,
    menus: [onThread('attempt', '2_merge@0')],
  },
  'muster.abandonThread': {
    title: 'Abandon Thread and Remove Worktree...',
    icon: '$(trash)',
    enablement: trusted,
    // Set apart: closing keeps the worktree, this does not.
    menus: [onThread(`${unfinished}|closed`, '4_remove@1')],
  },
  'muster.restoreThread': {
    title: 'Restore Thread',
    icon: '$(discard)',
    enablement: trusted,
    menus: [onThread('rescue', 'inline@1'), onThread('rescue', '4_end@4')],
  },
  'muster.muteThread': {
    title: 'Do Not Notify About Thread',
    menus: [onThread('unmuted', '5_copy@2')],
  },
  'muster.unmuteThread': {
    title: 'Notify About Thread Again',
    menus: [onThread('muted', '5_copy@2')],
  },
  'muster.copyThreadId': {
    title: 'Copy Thread Id',
    menus: [onThread(any, '1_copy@1', 'muster.copyMenu')],
  },
  'muster.copyMergeCommit': {
    title: 'Copy Commit of Merge',
    menus: [onThread('merged', '1_copy@3', 'muster.copyMenu')],
  },
  'muster.copyBranch': {
    title: 'Copy Branch Name',
    menus: [onThread('branch', '1_copy@2', 'muster.copyMenu')],
  },
  'muster.findInThread': {
    title: 'Find in Thread',
    icon: '$(search)',
    palette: threadPage,
    key: { key: 'ctrl+f', mac: 'cmd+f', when: threadPage },
  },
  'muster.openSelectedThread': { title: 'Open Selected Thread', palette: never },
  'muster.openChangedFile': { title: 'Open Changes of File', palette: never },
  'muster.showThreads': { title: 'Show Threads That Need You...', icon: '$(bell-dot)', palette: 'true' },
  'muster.groupThreads': {
    title: 'Group Threads By...',
    icon: '$(group-by-ref-type)',
    menus: [{ menu: 'view/title', when: threads, group: 'navigation@3' }],
  },
  'muster.filterThreads': {
    title: 'Filter Threads...',
    icon: '$(filter)',
    menus: [{ menu: 'view/title', when: `${threads} && !muster.threadsFiltered`, group: 'navigation@2' }],
  },
  'muster.clearThreadFilter': {
    title: 'Clear Thread Filter',
    icon: '$(filter-filled)',
    palette: 'muster.threadsFiltered',
    menus: [{ menu: 'view/title', when: `${threads} && muster.threadsFiltered`, group: 'navigation@2' }],
  },
  'muster.showMoreDone': { title: 'Show More Finished Threads', palette: never },
  'muster.showSchedules': { title: 'Show Schedules', icon: '$(calendar)', palette: 'true' },
  'muster.showBoard': {
    title: 'Show Board',
    icon: '$(project)',
    palette: 'true',
    menus: [{ menu: 'view/title', when: threads, group: 'navigation@4' }],
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;
