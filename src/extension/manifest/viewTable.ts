/** Ids of views, and what they are called. */
export const container = { id: 'muster', title: 'Muster', icon: 'media/muster.svg' } as const;

export interface ViewEntry {
  readonly name: string;
  readonly icon: string;
  /** Relative height. */
  readonly size: number;
  readonly visibility?: 'collapsed';
  /** When it is there; missing: always. */
  readonly when?: string;
}

export const viewTable = {
  'muster.projects': { name: 'Projects', icon: '$(organization)', size: 2 },
  'muster.threads': { name: 'Threads', icon: '$(comment-discussion)', size: 4 },
  'muster.changes': { name: 'Changes', icon: '$(diff-multiple)', size: 3, when: 'muster.reviewing' },
  'muster.worktrees': { name: 'Worktrees', icon: '$(list-tree)', size: 1, visibility: 'collapsed' },
} as const satisfies Readonly<Record<string, ViewEntry>>;

type ViewId = keyof typeof viewTable;

export interface WelcomeEntry {
  /** Part of the translation key. */
  readonly key: string;
  readonly view: ViewId;
  readonly when: string;
  readonly contents: string;
}

const noFolder = 'workspaceFolderCount == 0';
const folder = 'workspaceFolderCount > 0';
// That there is one to apply may be known a moment earlier than that there is one.
const noFile = 'muster.hasNoComposeFile && !muster.hasMoreToApply';
const down = "muster.hostState == 'stopped' || muster.hostState == 'failed'";
const up = "muster.hostState == 'connected'";

/** Each names the one next step. At most one of a view shows at a time. */
export const welcomeTable: readonly WelcomeEntry[] = [
  {
    key: 'projects.noFolder',
    view: 'muster.projects',
    when: noFolder,
    contents: 'Muster works on a folder with a git repository.\n[Open Folder](command:vscode.openFolder)',
  },
  {
    key: 'projects.untrusted',
    view: 'muster.projects',
    when: `${folder} && !isWorkspaceTrusted`,
    contents:
      'Muster runs agents, commands and git, so it only shows what there is in a folder that you do not trust.\n[Manage Workspace Trust](command:workbench.trust.manage)',
  },
  {
    key: 'projects.create',
    view: 'muster.projects',
    // Also while a host starts: nobody has to wait for one to write a file.
    when: `${folder} && isWorkspaceTrusted && ${noFile} && !(${down})`,
    contents:
      'Describe your crew of coding agents in an agent-compose.yml.\n[Create Compose File](command:muster.createComposeFile)\nSee [how Muster works](command:muster.openWalkthrough).',
  },
  {
    key: 'projects.createDown',
    view: 'muster.projects',
    when: `${folder} && isWorkspaceTrusted && ${noFile} && (${down})`,
    contents:
      'Describe your crew of coding agents in an agent-compose.yml.\n[Create Compose File](command:muster.createComposeFile)\nThe host that runs them is not running. [Start](command:muster.startHost) · [Show log](command:muster.showHostLog)',
  },
  {
    key: 'projects.down',
    view: 'muster.projects',
    when: `${folder} && isWorkspaceTrusted && muster.hasComposeFile && (${down})`,
    contents:
      'The Muster host is not running.\n[Start Host](command:muster.startHost)\nIts [log](command:muster.showHostLog) says why it ended.',
  },
  {
    key: 'projects.apply',
    view: 'muster.projects',
    // Only once that is known: a window may open with everything applied.
    when: `${folder} && isWorkspaceTrusted && muster.hasMoreToApply && (${up})`,
    contents:
      'This folder has a compose file that is not applied yet.\n[Apply Compose File](command:muster.applyProject)\nYou can [look at it](command:muster.openComposeFile) first.',
  },
  {
    key: 'threads.untrusted',
    view: 'muster.threads',
    when: `${folder} && !isWorkspaceTrusted`,
    contents: 'Threads of this folder show here when a host runs. Nothing is started before you trust it.',
  },
  {
    key: 'threads.down',
    view: 'muster.threads',
    when: `isWorkspaceTrusted && ${folder} && (${down})`,
    contents: 'The host is not running. Work that agents have started goes on.\n[Start Host](command:muster.startHost)',
  },
  {
    key: 'threads.dispatch',
    view: 'muster.threads',
    when: `isWorkspaceTrusted && ${up} && muster.hasProject`,
    contents:
      'Give an agent a task. It works in a git worktree of its own; you review the changes and merge what is good.\n[Dispatch Task](command:muster.dispatch)',
  },
  {
    key: 'threads.apply',
    view: 'muster.threads',
    when: `isWorkspaceTrusted && ${up} && !muster.hasProject`,
    contents: 'Tasks appear here as soon as a compose file is applied.',
  },
  {
    key: 'worktrees.none',
    view: 'muster.worktrees',
    when: 'isWorkspaceTrusted',
    contents: 'Each thread gets a git worktree of its own. None exists now.',
  },
];
