import { never, trusted, type CommandEntry } from './commandEntry.js';

const task = 'editorLangId == muster-task';

/** Commands that give work to an agent. */
export const taskCommands = {
  'muster.dispatch': {
    title: 'Dispatch Task',
    icon: '$(play)',
    enablement: trusted,
    menus: [
      { menu: 'view/title', when: 'view == muster.threads', group: 'navigation@1' },
      { menu: 'view/item/context', when: 'view == muster.projects && viewItem =~ /\\bagent\\b/', group: 'inline@1' },
      {
        menu: 'view/item/context',
        when: 'view == muster.projects && viewItem =~ /\\bagent\\b/',
        group: '1_dispatch@1',
      },
    ],
  },
  'muster.dispatchBestOf': {
    title: 'Dispatch Several Attempts in Parallel, Keep the Best...',
    icon: '$(run-all)',
    enablement: trusted,
    menus: [{ menu: 'view/title', when: 'view == muster.threads', group: '1_dispatch@1' }],
  },
  'muster.dispatchSelection': {
    title: 'Dispatch Selection to Muster Agent...',
    icon: '$(play)',
    palette: 'editorHasSelection',
    enablement: trusted,
    menus: [
      {
        menu: 'editor/context',
        when: `editorHasSelection && isWorkspaceTrusted && muster.active && !(${task})`,
        group: '1_muster@1',
      },
    ],
  },
  'muster.dispatchFile': {
    title: 'Dispatch Task About This File to Muster Agent...',
    palette: never,
    enablement: trusted,
    menus: [
      {
        menu: 'explorer/context',
        when: 'resourceScheme == file && isWorkspaceTrusted && muster.active',
        group: '7_muster@1',
      },
    ],
  },
  'muster.dispatchWithContext': { title: 'Dispatch With Context...', palette: never, enablement: trusted },
  'muster.sendTask': {
    title: 'Send Task',
    icon: '$(send)',
    palette: task,
    enablement: trusted,
    menus: [{ menu: 'editor/title', when: task, group: 'navigation@1' }],
    key: { key: 'ctrl+enter', mac: 'cmd+enter', when: `editorTextFocus && ${task}` },
  },
  'muster.pickTaskAgent': { title: 'Choose Agent of Task...', palette: task, enablement: trusted },
  'muster.setTaskAgent': { title: 'Set Agent of Task', palette: never, enablement: trusted },
  'muster.attachToTask': { title: 'Attach File or Selection to Task...', palette: task, enablement: trusted },
  'muster.askAboutUncommittedAgain': {
    title: 'Ask Again About Uncommitted Changes',
    palette: 'muster.uncommittedRemembered',
    enablement: trusted,
  },
  'muster.taskOptions': { title: 'Choose Base of Task...', palette: task, enablement: trusted },
} as const satisfies Readonly<Record<string, CommandEntry>>;
