import { trusted, type CommandEntry } from './commandEntry.js';
import { onThread } from './menuPlaces.js';

/** Where a thread's files are, and what it works in. */
const onPlace = 'view == muster.worktrees && viewItem =~ /\\b(worktree|sandbox)\\b/';
const onAgent = 'view == muster.projects && viewItem =~ /\\bagent\\b/';

/** The row of a thread's server. */
const onServer = 'view == muster.threads && viewItem == guest';

/** A notebook that runs on a kernel of ours. */
const guestNotebook = 'notebookKernel =~ /\\bmuster-guest-/';

/** Commands on the notebooks of a thread. Without an argument each asks for the thread. */
export const notebookCommands = {
  'muster.openGuestNotebook': {
    title: 'Open Guest Notebooks...',
    icon: '$(notebook)',
    enablement: trusted,
    menus: [
      onThread('worktree', '2_notebooks@1', 'muster.worktreeMenu'),
      { menu: 'view/item/context', when: onPlace, group: '1_open@7' },
      { menu: 'view/item/context', when: onAgent, group: '2_notebooks@1' },
    ],
  },
  'muster.newGuestNotebook': {
    title: 'New Guest Notebook...',
    icon: '$(new-file)',
    enablement: trusted,
    menus: [onThread('worktree', '2_notebooks@2', 'muster.worktreeMenu')],
  },
  'muster.openNotebooksInBrowser': {
    title: 'Open Notebooks in Browser',
    icon: '$(globe)',
    enablement: trusted,
    menus: [
      onThread('worktree', '2_notebooks@3', 'muster.worktreeMenu'),
      { menu: 'view/item/context', when: onServer, group: 'inline@1' },
      { menu: 'view/item/context', when: onServer, group: '1_open@1' },
    ],
  },
  'muster.showExecutedCells': {
    title: 'Show Executed Cells',
    icon: '$(history)',
    enablement: trusted,
    menus: [{ menu: 'view/item/context', when: onServer, group: '1_open@3' }],
  },
  'muster.attachGuestTerminal': {
    title: 'Attach Terminal',
    icon: '$(terminal)',
    enablement: trusted,
    menus: [
      { menu: 'view/item/context', when: onServer, group: 'inline@0' },
      { menu: 'view/item/context', when: onServer, group: '1_open@2' },
    ],
  },
  'muster.restartGuestKernel': {
    title: 'Restart Guest Kernel',
    icon: '$(debug-restart)',
    enablement: trusted,
    menus: [{ menu: 'notebook/toolbar', when: guestNotebook, group: 'navigation/execute@6' }],
  },
  'muster.stopNotebookServer': {
    title: 'Stop Notebook Server',
    icon: '$(debug-stop)',
    enablement: trusted,
    menus: [
      onThread('notebooks', '2_notebooks@4', 'muster.worktreeMenu'),
      { menu: 'view/item/context', when: onServer, group: 'inline@2' },
      { menu: 'view/item/context', when: onServer, group: '3_end@1' },
    ],
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;
