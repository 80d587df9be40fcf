import type { CommandEntry } from './commandEntry.js';
import { hostCommands } from './hostCommands.js';
import { notebookCommands } from './notebookCommands.js';
import { projectCommands } from './projectCommands.js';
import { queueCommands } from './queueCommands.js';
import { reviewCommands } from './reviewCommands.js';
import { taskCommands } from './taskCommands.js';
import { threadCommands } from './threadCommands.js';
import { worktreeCommands } from './worktreeCommands.js';

/** Those that are about a thread, and ask for one where none was given. */
export const commandsOnThreads = {
  ...threadCommands,
  ...reviewCommands,
  ...queueCommands,
  ...worktreeCommands,
  ...notebookCommands,
} satisfies Readonly<Record<`muster.${string}`, CommandEntry>>;

/** Every command of the extension: the manifest is generated from it, and only ids of it can be registered. */
export const commandTable = {
  ...taskCommands,
  ...commandsOnThreads,
  ...projectCommands,
  ...hostCommands,
} satisfies Readonly<Record<`muster.${string}`, CommandEntry>>;

export type CommandId = keyof typeof commandTable;
