import { trusted, type CommandEntry, type MenuPlace } from './commandEntry.js';
import { onThread } from './menuPlaces.js';

/** Everything beside a row is also in its menu, where the keyboard gets at it. */
function onWorktree(inline: string, menu: string, threadGroup?: string): readonly MenuPlace[] {
  const when = 'view == muster.worktrees && viewItem =~ /\\bworktree\\b/';
  const places: MenuPlace[] = [inline, menu].map(group => ({ menu: 'view/item/context', when, group }));
  if (threadGroup !== undefined) places.push(onThread('worktree', threadGroup, 'muster.worktreeMenu'));
  return places;
}

/** Commands on the worktree of a thread. */
export const worktreeCommands = {
  'muster.openWorktree': {
    title: 'Open Worktree in New Window',
    icon: '$(empty-window)',
    menus: onWorktree('inline@1', '1_open@1', '1_open@1'),
  },
  'muster.openWorktreeTerminal': {
    title: 'Open Worktree in Terminal',
    icon: '$(terminal)',
    enablement: trusted,
    menus: onWorktree('inline@2', '1_open@2', '1_open@2'),
  },
  'muster.openSandboxTerminal': {
    title: 'Open Terminal in Sandbox',
    icon: '$(terminal)',
    enablement: trusted,
    menus: [
      { menu: 'view/item/context', when: 'view == muster.worktrees && viewItem == sandbox', group: 'inline@1' },
      { menu: 'view/item/context', when: 'view == muster.worktrees && viewItem == sandbox', group: '1_open@1' },
    ],
  },
  'muster.attachSandbox': {
    title: 'Attach VS Code to Sandbox',
    icon: '$(remote-explorer)',
    enablement: trusted,
    menus: [{ menu: 'view/item/context', when: 'view == muster.worktrees && viewItem == sandbox', group: '1_open@2' }],
  },
  'muster.removeWorktree': {
    title: 'Remove Worktree...',
    icon: '$(trash)',
    enablement: trusted,
    menus: onWorktree('inline@3', '3_end@1'),
  },
  'muster.repairWorktree': {
    title: 'Repair Worktree',
    icon: '$(wrench)',
    enablement: trusted,
    menus: [
      {
        menu: 'view/item/context',
        when: 'view == muster.worktrees && viewItem =~ /\\b(missing|troubled)\\b/',
        group: '0_need@1',
      },
      onThread('troubled', 'inline@1'),
      onThread('troubled', '0_need@1'),
    ],
  },
  'muster.putBackShared': {
    title: 'Undo What Its Runs Did to Your Repository',
    icon: '$(discard)',
    enablement: trusted,
    menus: ['inline@1', '0_need@1'].map(group => onThread('altered', group)),
  },
  'muster.adoptWorktree': {
    title: 'Adopt Worktree',
    icon: '$(add)',
    enablement: trusted,
    menus: ['inline@1', '1_open@1'].map(group => ({
      menu: 'view/item/context',
      when: 'view == muster.worktrees && viewItem == foreign',
      group,
    })),
  },
  'muster.cleanWorktrees': {
    title: 'Clean Up Worktrees...',
    icon: '$(clear-all)',
    enablement: trusted,
    menus: [{ menu: 'view/title', when: 'view == muster.worktrees', group: 'navigation@0' }],
  },
  'muster.refreshWorktrees': {
    title: 'Refresh Worktrees',
    icon: '$(refresh)',
    menus: [{ menu: 'view/title', when: 'view == muster.worktrees', group: 'navigation@1' }],
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;
