import type { Command } from './command.js';

interface Entry {
  readonly summary: string;
  /** Loaded when it is called: most of the start time of a command is reading code. */
  readonly load: () => Promise<Command>;
  /** Words after the name that choose another command, such as `daemon stop`. */
  readonly parts?: Readonly<Record<string, Entry>>;
}

/** Every command, in the order of the help. A new one: a file in `commands/`, a line here, a section in `docs/cli.md`. */
export const commandTable: Readonly<Record<string, Entry>> = {
  up: { summary: 'apply the compose file', load: async () => (await import('./commands/up.js')).up },
  dispatch: { summary: 'give an agent a task', load: async () => (await import('./commands/dispatch.js')).dispatch },
  ps: {
    summary: 'list threads: what needs you, what works, what is ready',
    load: async () => (await import('./commands/ps.js')).ps,
  },
  logs: {
    summary: 'read the conversation of a thread or run',
    load: async () => (await import('./commands/logs.js')).logs,
  },
  wait: { summary: 'wait until a thread has settled', load: async () => (await import('./commands/wait.js')).wait },
  diff: { summary: 'show what a thread changed', load: async () => (await import('./commands/diff.js')).diff },
  merge: {
    summary: 'bring a thread’s commit into a branch',
    load: async () => (await import('./commands/merge.js')).merge,
  },
  approve: {
    summary: 'keep a thread’s work as a commit that a merge can name',
    load: async () => (await import('./commands/approve.js')).approve,
  },
  cancel: { summary: 'stop the run of a thread', load: async () => (await import('./commands/cancel.js')).cancel },
  close: { summary: 'end a thread without merging it', load: async () => (await import('./commands/close.js')).close },
  abandon: {
    summary: 'stop a thread, keep its work as a rescue ref, remove its worktree',
    load: async () => (await import('./commands/abandon.js')).abandon,
  },
  restore: {
    summary: 'bring back an abandoned thread',
    load: async () => (await import('./commands/restore.js')).restore,
  },
  worktrees: {
    summary: 'list the worktrees of threads',
    load: async () => (await import('./commands/worktrees.js')).worktrees,
    parts: {
      remove: {
        summary: 'remove the worktree of a thread, keeping its work',
        load: async () => (await import('./commands/worktreesRemove.js')).worktreesRemove,
      },
    },
  },
  status: { summary: 'tell about the running host', load: async () => (await import('./commands/status.js')).status },
  daemon: {
    summary: 'run the host in the foreground',
    load: async () => (await import('./commands/daemon.js')).daemon,
    parts: {
      stop: {
        summary: 'end the running host; agents keep running',
        load: async () => (await import('./commands/daemonStop.js')).daemonStop,
      },
    },
  },
  version: { summary: 'print the version', load: async () => (await import('./commands/version.js')).version },
};

const overview: Entry = { summary: '', load: async () => (await import('./commands/overview.js')).overview };

/** The command that the words name and the arguments that are left; `''` names the overview. */
export async function findCommand(
  name: string,
  args: readonly string[],
): Promise<{ readonly command: Command; readonly args: readonly string[] } | undefined> {
  const entry = name === '' ? overview : Object.hasOwn(commandTable, name) ? commandTable[name] : undefined;
  if (!entry) return undefined;
  const word = args[0] ?? '';
  const part = entry.parts && Object.hasOwn(entry.parts, word) ? entry.parts[word] : undefined;
  return part ? { command: await part.load(), args: args.slice(1) } : { command: await entry.load(), args };
}
