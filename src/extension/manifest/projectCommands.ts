import { never, trusted, type CommandEntry, type MenuPlace } from './commandEntry.js';

const projects = 'view == muster.projects';
const composeFile = 'resourceFilename =~ /^agent-compose\\.ya?ml$/';

/** Beside the row of a trigger, and in its menu, where the keyboard gets at it. */
function onTrigger(viewItem: string, place: number): readonly MenuPlace[] {
  const when = `${projects} && viewItem ${viewItem}`;
  return ['inline', '1_trigger'].map(group => ({ menu: 'view/item/context', when, group: `${group}@${place}` }));
}

/** Commands on compose files and what was applied from them. */
export const projectCommands = {
  'muster.createComposeFile': {
    title: 'Create Compose File...',
    icon: '$(new-file)',
    palette: 'workspaceFolderCount > 0',
    menus: [
      {
        menu: 'explorer/context',
        when: 'explorerResourceIsFolder && resourceScheme == file && muster.active',
        group: '7_muster@3',
      },
    ],
  },
  'muster.openComposeFile': {
    title: 'Open Compose File',
    icon: '$(go-to-file)',
    menus: [
      { menu: 'view/item/context', when: `${projects} && viewItem =~ /\\b(project|file)\\b/`, group: 'inline@2' },
      { menu: 'view/item/context', when: `${projects} && viewItem =~ /\\b(project|file)\\b/`, group: '1_apply@3' },
    ],
  },
  'muster.applyProject': {
    title: 'Apply Compose File',
    icon: '$(check-all)',
    enablement: trusted,
    menus: [
      { menu: 'view/title', when: `${projects} && muster.hasComposeFile`, group: 'navigation@1' },
      { menu: 'view/item/context', when: `${projects} && viewItem =~ /\\b(project|file)\\b/`, group: 'inline@1' },
      { menu: 'view/item/context', when: `${projects} && viewItem =~ /\\b(project|file)\\b/`, group: '1_apply@1' },
      { menu: 'editor/title', when: `${composeFile} && isWorkspaceTrusted`, group: 'navigation@1' },
      { menu: 'editor/title', when: 'resourceScheme == muster-spec && isWorkspaceTrusted', group: 'navigation@1' },
      { menu: 'explorer/context', when: `${composeFile} && isWorkspaceTrusted`, group: '7_muster@2' },
    ],
  },
  'muster.previewApply': {
    title: 'Show What Apply Would Change',
    icon: '$(diff)',
    enablement: trusted,
    menus: [
      { menu: 'view/item/context', when: `${projects} && viewItem =~ /\\bchanged\\b/`, group: 'inline@0' },
      { menu: 'view/item/context', when: `${projects} && viewItem =~ /\\bproject\\b/`, group: '1_apply@2' },
      { menu: 'editor/title', when: `${composeFile} && isWorkspaceTrusted`, group: '1_muster@1' },
    ],
  },
  'muster.runAgent': {
    title: 'Run Agent...',
    icon: '$(run)',
    palette: never,
    enablement: trusted,
    menus: [{ menu: 'view/item/context', when: `${projects} && viewItem =~ /\\bagent\\b/`, group: '1_dispatch@0' }],
  },
  'muster.startWritten': { title: 'Start From Compose File', palette: never, enablement: trusted },
  'muster.fireTrigger': {
    title: 'Fire Trigger Now',
    icon: '$(zap)',
    palette: never,
    enablement: trusted,
    menus: onTrigger('=~ /^trigger\\b/', 1),
  },
  'muster.enableTrigger': {
    title: 'Switch Trigger On',
    icon: '$(play-circle)',
    palette: never,
    enablement: trusted,
    menus: onTrigger("== 'trigger off'", 2),
  },
  'muster.disableTrigger': {
    title: 'Switch Trigger Off',
    icon: '$(circle-slash)',
    palette: never,
    enablement: trusted,
    menus: onTrigger("== 'trigger on'", 2),
  },
  'muster.showFires': {
    title: 'Show What Trigger Did',
    icon: '$(history)',
    palette: never,
    menus: onTrigger('=~ /^trigger\\b/', 3),
  },
  'muster.previewSchedule': {
    title: 'Preview Schedule',
    icon: '$(calendar)',
    palette: never,
    menus: [
      {
        menu: 'view/item/context',
        when: `${projects} && viewItem =~ /\\bproject\\b|^trigger\\b/`,
        group: '2_schedule@1',
      },
    ],
  },
  'muster.showEvents': {
    title: 'Show Events...',
    icon: '$(broadcast)',
  },
  'muster.removeProject': {
    title: 'Remove Project...',
    icon: '$(trash)',
    enablement: trusted,
    menus: [{ menu: 'view/item/context', when: `${projects} && viewItem =~ /\\bproject\\b/`, group: '3_end@1' }],
  },
  'muster.explainAgentProblem': {
    title: 'Show How to Fix Agent...',
    icon: '$(question)',
    palette: never,
    menus: [
      { menu: 'view/item/context', when: `${projects} && viewItem =~ /\\bproblem\\b/`, group: 'inline@2' },
      { menu: 'view/item/context', when: `${projects} && viewItem =~ /\\bproblem\\b/`, group: '1_dispatch@0' },
    ],
  },
  'muster.refresh': {
    title: 'Refresh',
    icon: '$(refresh)',
    palette: never,
    menus: [{ menu: 'view/title', when: projects, group: 'navigation@2' }],
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;
