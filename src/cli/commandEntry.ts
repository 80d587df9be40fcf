import type { Command } from './command.js';

/** A command as the table has it. */
export interface CommandEntry {
  readonly summary: string;
  /** Loaded when it is called: most of the start time of a command is reading code. */
  readonly load: () => Promise<Command>;
  /** Words after the name that choose another command, such as `daemon stop`. */
  readonly parts?: Readonly<Record<string, CommandEntry>>;
}
