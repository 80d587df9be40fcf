import { trusted, type CommandEntry } from './commandEntry.js';

/** Commands on the host process. */
export const hostCommands = {
  'muster.startHost': { title: 'Start Host', enablement: trusted },
  'muster.stopHost': { title: 'Stop Host...' },
  'muster.connectToHost': { title: 'Connect to Host...', enablement: trusted },
  'muster.showHostStatus': { title: 'Show Host Status' },
  'muster.showHostLog': { title: 'Show Host Log' },
  'muster.refreshEnvironment': { title: 'Read Login Shell Environment Again', enablement: trusted },
  'muster.setModelKey': { title: 'Set Model Key...', enablement: trusted },
  'muster.openWalkthrough': { title: 'Show Walkthrough' },
  'muster.showOutput': { title: 'Show Output' },
} as const satisfies Readonly<Record<string, CommandEntry>>;
