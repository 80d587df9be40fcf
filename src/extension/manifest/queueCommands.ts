import { trusted, type CommandEntry } from './commandEntry.js';
import { onThread, threadsView } from './menuPlaces.js';

/** Commands of the merge queue, and of what a merge leads to. */
export const queueCommands = {
  'muster.showMergeQueue': {
    title: 'Show Merge Queue...',
    icon: '$(list-ordered)',
    menus: [{ menu: 'view/title', when: threadsView, group: '2_queue@1' }],
  },
  'muster.mergeApproved': {
    title: 'Merge Everything You Approved',
    icon: '$(git-merge)',
    enablement: trusted,
    menus: [{ menu: 'view/title', when: threadsView, group: '2_queue@2' }],
  },
  'muster.moveMerge': {
    title: 'Change Turn of Merge...',
    icon: '$(list-ordered)',
    enablement: trusted,
    menus: [onThread('merging', '2_merge@1')],
  },
  'muster.showMergeChecks': {
    title: 'Show Output of Verify Commands',
    icon: '$(output)',
    menus: [onThread('merging|merged|mergeFailed', '3_more@4')],
  },
  'muster.updateThread': {
    title: 'Update from Target',
    icon: '$(repo-pull)',
    enablement: trusted,
    menus: [onThread('updatable', '2_other@2', 'muster.mergeMenu')],
  },
  'muster.pushMerge': {
    title: 'Push What Has Landed',
    icon: '$(repo-push)',
    enablement: trusted,
    menus: [onThread('unpushed', '2_act@2')],
  },
  'muster.undoMerge': {
    title: 'Undo Merge',
    icon: '$(discard)',
    enablement: trusted,
    menus: [onThread('merged', '2_merge@1')],
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;
