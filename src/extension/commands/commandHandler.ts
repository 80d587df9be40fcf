import type { CommandId } from '../manifest/commandTable.js';

/** What a command does. Arguments come from menus, links and other extensions: each handler narrows them itself. */
type CommandHandler = (...args: readonly unknown[]) => Promise<void> | void;

/** Handlers of some commands; together the groups cover the table, or `registerCommands.ts` does not compile. */
export type CommandHandlers<K extends CommandId> = Readonly<Record<K, CommandHandler>>;
