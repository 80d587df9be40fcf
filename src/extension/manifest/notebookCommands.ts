import { trusted, type CommandEntry, type MenuPlace } from './commandEntry.js';

const onThread = (group: string, word = 'worktree'): MenuPlace => ({
  menu: 'view/item/context',
  when: `view == muster.threads && viewItem =~ /\\b${word}\\b/`,
  group,
});

/** A notebook that runs on a kernel of ours. */
const guestNotebook = 'notebookKernel =~ /\\bmuster-guest-/';

/** Commands on the notebooks of a thread. Without an argument each asks for the thread. */
export const notebookCommands = {
  'muster.openGuestNotebook': {
    title: 'Open Guest Notebooks...',
    icon: '$(notebook)',
    enablement: trusted,
    menus: [onThread('1_open@7')],
  },
  'muster.newGuestNotebook': {
    title: 'New Guest Notebook...',
    icon: '$(new-file)',
    enablement: trusted,
    menus: [onThread('1_open@8')],
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
    menus: [onThread('3_end@5', 'notebooks')],
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;
