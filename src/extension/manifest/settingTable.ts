/** One setting. Descriptions are Markdown. */
export type SettingEntry = {
  readonly description: string;
  readonly scope: 'machine' | 'window' | 'resource' | 'machine-overridable';
} & (
  | { readonly type: 'boolean'; readonly default: boolean }
  | { readonly type: 'string'; readonly default: string; readonly pattern?: string }
  | { readonly type: 'number'; readonly default: number; readonly minimum: number }
  | { readonly type: 'enum'; readonly default: string; readonly values: Readonly<Record<string, string>> }
);

/** Every setting; paths and programs are machine settings, so that a repository cannot choose what runs. */
export const settingTable = {
  'muster.host.address': {
    type: 'string',
    default: '',
    pattern: '^$|^https?://[^/]+/?$',
    description:
      'A host of another machine. Empty: that of this machine. *Connect to Host...* sets it and asks for the token, which is kept in the secret storage.',
    scope: 'machine',
  },
  'muster.host.mode': {
    type: 'enum',
    default: 'process',
    values: {
      process: 'A process of its own, shared by all windows and the terminal. Agents go on when this window closes.',
      embedded:
        'Inside the extension host of this window. When it closes, agents go on and the next host takes them up.',
    },
    description: 'Where the host runs that queues, starts and supervises agents.',
    scope: 'machine',
  },
  'muster.host.nodePath': {
    type: 'string',
    default: '',
    description:
      'Node.js (22 or newer) that runs the host. Empty: the one on `PATH`, else the one that this editor is built on.',
    scope: 'machine',
  },
  'muster.host.maxRuns': {
    type: 'number',
    default: 0,
    minimum: 0,
    description:
      'Runs at the same time on this machine, for a host that starts. 0: as many as its cores and memory are good for, and as many as a project asks for with `limits.concurrency`.',
    scope: 'machine',
  },
  'muster.branchPrefix': {
    type: 'string',
    default: '',
    pattern: '^$|^(?!.*(?:\\.\\.|//|/\\.|\\.lock/))[A-Za-z0-9][\\w./-]*$',
    description:
      'How the branches of threads begin, for a host that starts. Empty: `muster/`. The compose file’s `workspace.branch_prefix` comes first.',
    scope: 'machine',
  },
  'muster.warmWorktrees': {
    type: 'number',
    default: 1,
    minimum: 0,
    description:
      'Worktrees that are kept ready for the next threads of each repository with 2,000 files or more, for a host that starts. Each takes the room of a checkout.',
    scope: 'machine',
  },
  'muster.stateDirectory': {
    type: 'string',
    default: '',
    description:
      'Where Muster keeps its database, run logs and worktrees. Empty: `MUSTER_HOME`, else `~/.muster`. A network file system is refused.',
    scope: 'machine',
  },
  'muster.retention.runDays': {
    type: 'number',
    default: 30,
    minimum: 0,
    description:
      'Days for which files of runs (what agents printed) are kept after their thread is closed. `muster gc --dry-run` lists what goes next.',
    scope: 'machine',
  },
  'muster.retention.runGigabytes': {
    type: 'number',
    default: 5,
    minimum: 0,
    description: 'Gigabytes that files of runs may take in sum; above it the oldest of closed threads go.',
    scope: 'machine',
  },
  'muster.retention.rescueDays': {
    type: 'number',
    default: 90,
    minimum: 0,
    description: 'Days for which the work of a removed worktree is kept, and can be restored.',
    scope: 'machine',
  },
  'muster.notifications.needsYou': {
    type: 'boolean',
    default: true,
    description:
      'Notify when a thread needs you (a question, an approval, a failure, a merge that did not go through).',
    scope: 'window',
  },
  'muster.notifications.ready': {
    type: 'enum',
    default: 'own',
    values: {
      own: 'Of what you gave from this window.',
      all: 'Of every thread.',
      off: 'Of none: the badge and the tree tell.',
    },
    description: 'Of which threads to notify when their work is done, unless you have their page in front of you.',
    scope: 'window',
  },
  'muster.compose.applyOnSave': {
    type: 'enum',
    default: 'ask',
    values: {
      ask: 'Offer to apply it.',
      always: 'Apply it; what needs consent still asks.',
      never: 'Do nothing.',
    },
    description: 'What saving a valid compose file does.',
    scope: 'window',
  },
  'muster.merge.strategy': {
    type: 'enum',
    default: 'project',
    values: {
      project: 'What the compose file says.',
      merge: 'A merge commit.',
      squash: 'One commit.',
    },
    description: 'How *Merge* brings a thread into its target branch.',
    scope: 'resource',
  },
  'muster.review.openWhenReady': {
    type: 'boolean',
    default: false,
    description: 'Open the review as soon as a thread that you dispatched from this window is ready.',
    scope: 'window',
  },
  'muster.terminal.addToPath': {
    type: 'boolean',
    default: true,
    description: 'Put the `muster` command on the `PATH` of integrated terminals.',
    scope: 'window',
  },
} as const satisfies Readonly<Record<`muster.${string}`, SettingEntry>>;

export type SettingId = keyof typeof settingTable;
