import { never, trusted, type CommandEntry, type MenuPlace } from './commandEntry.js';
import { changesView, onThread, undecidedReview } from './menuPlaces.js';

function onDiscussion(context: string, menu: 'context' | 'title', group: string): MenuPlace {
  const state = context === '' ? '' : ` && commentThread =~ /^(${context})$/`;
  return { menu: `comments/commentThread/${menu}`, when: `commentController == muster.review${state}`, group };
}

function onComment(menu: 'context' | 'title', group: string): MenuPlace {
  return {
    menu: `comments/comment/${menu}`,
    when: `commentController == muster.review && comment =~ /\\bdraft\\b/`,
    group,
  };
}

/** A file or hunk of the Changes view of which something is not staged, or is. */
const stageable = `${changesView} && viewItem =~ /^(changedFile|hunk)\\b/ && viewItem =~ /\\bunstaged\\b/`;
const unstageable = `${changesView} && viewItem =~ /^(changedFile|hunk)\\b/ && viewItem =~ /\\bstaged\\b/`;

/** Commands of a review: what is said in it, and what comes of it. */
export const reviewCommands = {
  'muster.requestChanges': {
    title: 'Request Changes...',
    icon: '$(request-changes)',
    enablement: trusted,
    menus: [
      onThread('undecided|drafts', '1_open@4'),
      { menu: 'editor/title', when: undecidedReview, group: 'navigation@-4' },
      onDiscussion('draft', 'title', 'inline@1'),
    ],
  },
  'muster.reviewSince': {
    title: 'Review What Changed Since You Last Looked',
    icon: '$(history)',
    menus: [onThread('seenBefore', '1_open@3'), { menu: 'view/title', when: changesView, group: 'navigation@3' }],
  },
  'muster.compareThreads': {
    title: 'Compare with Another Thread or Target...',
    icon: '$(compare-changes)',
    menus: [onThread('reviewable', '3_more@2')],
  },
  'muster.nextUnreviewed': {
    title: 'Go to Next Unreviewed Change',
    icon: '$(arrow-down)',
    palette: 'muster.reviewing',
    menus: [{ menu: 'view/title', when: changesView, group: 'navigation@2' }],
    key: { key: 'alt+f6', when: 'muster.reviewing' },
  },
  'muster.previousUnreviewed': {
    title: 'Go to Previous Unreviewed Change',
    icon: '$(arrow-up)',
    palette: 'muster.reviewing',
    menus: [{ menu: 'view/title', when: changesView, group: 'navigation@1' }],
    key: { key: 'shift+alt+f6', when: 'muster.reviewing' },
  },
  'muster.filterChanges': {
    title: 'Filter Changes...',
    icon: '$(filter)',
    palette: 'muster.reviewing',
    menus: [{ menu: 'view/title', when: `${changesView} && !muster.changesFiltered`, group: 'navigation@4' }],
  },
  'muster.showAllChanges': {
    title: 'Show All Changes',
    icon: '$(filter-filled)',
    palette: 'muster.changesFiltered',
    menus: [{ menu: 'view/title', when: `${changesView} && muster.changesFiltered`, group: 'navigation@4' }],
  },
  'muster.toggleReviewed': {
    title: 'Mark as Reviewed or Not',
    icon: '$(check)',
    palette: 'muster.reviewing',
    menus: [
      { menu: 'view/item/context', when: `${changesView} && viewItem =~ /^(changedFile|hunk)\\b/`, group: '1_open@2' },
    ],
  },
  'muster.stageChange': {
    title: 'Stage Change',
    icon: '$(add)',
    palette: never,
    enablement: trusted,
    menus: [
      { menu: 'view/item/context', when: stageable, group: 'inline@2' },
      { menu: 'view/item/context', when: stageable, group: '2_change@2' },
    ],
  },
  'muster.unstageChange': {
    title: 'Unstage Change',
    icon: '$(remove)',
    palette: never,
    enablement: trusted,
    menus: [
      { menu: 'view/item/context', when: unstageable, group: 'inline@3' },
      { menu: 'view/item/context', when: unstageable, group: '2_change@3' },
    ],
  },
  'muster.commitStaged': {
    title: 'Commit Staged Changes...',
    icon: '$(git-commit)',
    palette: 'muster.reviewing',
    enablement: trusted,
    menus: [{ menu: 'view/title', when: `${changesView} && muster.changesStaged`, group: 'navigation@5' }],
  },
  'muster.unstageAll': {
    title: 'Unstage All Changes',
    palette: 'muster.reviewing',
    enablement: trusted,
    menus: [{ menu: 'view/title', when: `${changesView} && muster.changesStaged`, group: '1_stage@1' }],
  },
  'muster.revertChange': {
    title: 'Revert Change...',
    icon: '$(discard)',
    palette: never,
    enablement: trusted,
    menus: [
      { menu: 'view/item/context', when: `${changesView} && viewItem =~ /^(changedFile|hunk)\\b/`, group: 'inline@1' },
      {
        menu: 'view/item/context',
        when: `${changesView} && viewItem =~ /^(changedFile|hunk)\\b/`,
        group: '2_change@1',
      },
    ],
  },
  'muster.openChange': {
    title: 'Open Changes',
    palette: never,
    menus: [
      { menu: 'view/item/context', when: `${changesView} && viewItem =~ /^(changedFile|hunk)\\b/`, group: '1_open@1' },
    ],
  },
  'muster.addComment': {
    title: 'Add Comment',
    palette: never,
    enablement: '!commentIsEmpty',
    menus: [onDiscussion('', 'context', '1_save@1')],
  },
  'muster.editComment': {
    title: 'Edit Comment',
    icon: '$(edit)',
    palette: never,
    menus: [onComment('title', 'inline@1')],
  },
  'muster.deleteComment': {
    title: 'Delete Comment',
    icon: '$(trash)',
    palette: never,
    menus: [onComment('title', 'inline@2')],
  },
  'muster.saveComment': { title: 'Save', palette: never, menus: [onComment('context', '1_save@1')] },
  'muster.cancelEditComment': { title: 'Cancel', palette: never, menus: [onComment('context', '1_save@2')] },
  'muster.applySuggestion': {
    title: 'Apply Suggestion',
    icon: '$(check)',
    palette: never,
    enablement: trusted,
    menus: [
      {
        menu: 'comments/comment/title',
        when: 'commentController == muster.review && comment =~ /\\bsuggestion\\b/',
        group: 'inline@0',
      },
    ],
  },
  'muster.resolveComment': {
    title: 'Resolve Comment',
    icon: '$(pass)',
    palette: never,
    menus: [onDiscussion('open', 'title', 'inline@1')],
  },
  'muster.reopenComment': {
    title: 'Reopen Comment',
    icon: '$(issue-reopened)',
    palette: never,
    menus: [onDiscussion('resolved', 'title', 'inline@1')],
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;
