import { parseArgs } from 'node:util';
import { errorMessage } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { HostClient } from '../client/hostClient.js';
import type { LiveState } from '../client/liveState.js';
import type { Environment } from '../client/stateDirectory.js';
import type { GlobalOptions } from './options/globalOptions.js';
import { usageError } from './options/usageError.js';
import type { Printer } from './output/printer.js';

/** What a command may use. Everything it connects to is given back when it ends. */
export interface CommandContext extends GlobalOptions {
  readonly env: Environment;
  /** Absolute path of the state directory. */
  readonly stateDir: string;
  /** Folder of the bundles. */
  readonly bundleDir: string;
  /** Aborted by SIGINT and SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
  readonly out: Printer;
  readonly stdin: NodeJS.ReadStream;
  readonly log: Log;
  /** The running host, or a new one. Throws `host.unreachable`. */
  readonly connect: () => Promise<HostClient>;
  /** The running host; throws `host.unreachable` when there is none. */
  readonly connectRunning: () => Promise<HostClient>;
  /** Another client after a call failed with `host.unreachable`: the host's next life, or a host started anew. */
  readonly reconnect: () => Promise<HostClient>;
  /**
   * Makes a call that only reads, or that the host recognises when it comes twice; once more when the host went away under
   * it. Throws `host.unreachable`.
   */
  readonly repeatable: <T>(call: (client: HostClient) => Promise<T>) => Promise<T>;
  /** A live view that survives the host's restart. */
  readonly watch: () => Promise<LiveState>;
}

interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** Name of the value in the help, such as `SECONDS`. */
  readonly value?: string;
  readonly text: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

export interface Positional {
  /** In the help: `<thread>` must be given, `[prompt]` may be. */
  readonly name: string;
  readonly required: boolean;
}

/** A command as the table knows it. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly positionals: readonly Positional[];
  readonly options: OptionTable;
  /** More for `--help`, one paragraph. */
  readonly details?: string;
  /** Returns the exit status. Throws an AppError. */
  invoke(context: CommandContext, args: readonly string[]): Promise<number>;
}

/** What was given on the command line, checked against the command's table. */
export interface Arguments<O extends OptionTable> {
  /** False when not given. */
  flag(name: keyof O & string): boolean;
  text(name: keyof O & string): string | undefined;
  /** Every value of an option that may be repeated. */
  list(name: keyof O & string): readonly string[];
  /** A positional that the table requires. */
  required(index: number): string;
  readonly positionals: readonly string[];
  /** How many positionals stood before a `--`; undefined without one. */
  readonly terminator: number | undefined;
}

/** Makes a command whose arguments are parsed before it runs. Too few or too many are an error of `usage`. */
export function defineCommand<const O extends OptionTable>(spec: {
  readonly name: string;
  readonly summary: string;
  readonly positionals?: readonly Positional[];
  readonly options?: O;
  readonly details?: string;
  readonly run: (context: CommandContext, args: Arguments<O>) => Promise<number>;
}): Command {
  const { positionals = [], options = {}, run, ...rest } = spec;
  const command = { ...rest, positionals, options };
  return { ...command, invoke: async (context, args) => run(context, parse(args, command)) };
}

function parse<O extends OptionTable>(
  args: readonly string[],
  command: { readonly name: string; readonly positionals: readonly Positional[]; readonly options: OptionTable },
): Arguments<O> {
  const { values, positionals, tokens } = parseStrictly(args, command.options, command.name);
  const end = tokens.findIndex(({ kind }) => kind === 'option-terminator');
  const missing = command.positionals.find(({ required }, index) => required && positionals[index] === undefined);
  const help = `\`muster ${command.name} --help\` explains it.`;
  if (missing) throw usageError(`\`muster ${command.name}\` needs <${missing.name}>; ${help}`);
  const last = command.positionals.at(-1);
  const extra = last?.name.endsWith('…') ? undefined : positionals[command.positionals.length];
  if (extra !== undefined)
    throw usageError(`\`muster ${command.name}\` does not take ${JSON.stringify(extra)}; ${help}`);
  return {
    positionals,
    terminator: end < 0 ? undefined : tokens.slice(0, end).filter(({ kind }) => kind === 'positional').length,
    flag: name => values[name] === true,
    text: name => {
      const value = values[name];
      return typeof value === 'string' ? value : undefined;
    },
    list: name => {
      const value = values[name];
      return Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
    },
    required: index => positionals[index] ?? '',
  };
}

function parseStrictly(args: readonly string[], table: OptionTable, name: string) {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }> = {};
  for (const [option, { type, short, multiple }] of Object.entries(table)) {
    options[option] = { type, ...(short && { short }), ...(multiple && { multiple }) };
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    // Node's sentences name the option and what is wrong with it, and how to pass a text that begins with a dash.
    throw usageError(`\`muster ${name}\`: ${errorMessage(error).replaceAll('\n', ' ')}`);
  }
}
