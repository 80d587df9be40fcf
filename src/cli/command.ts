import type { Log } from '../base/log.js';
import type { HostClient } from '../client/hostClient.js';
import type { LiveState } from '../client/liveState.js';
import type { Environment } from '../client/stateDirectory.js';
import type { GlobalOptions } from './options/globalOptions.js';
import { parseOptions, type OptionTable } from './options/parseOptions.js';
import { surplusWord, usageError } from './options/usageError.js';
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
  const { flags, texts, positionals, terminator } = parseOptions(args, command.options, command.name);
  const missing = command.positionals.find(({ required }, index) => required && positionals[index] === undefined);
  const help = `\`muster ${command.name} --help\` explains it.`;
  if (missing) throw usageError(`\`muster ${command.name}\` needs <${missing.name}>; ${help}`);
  const last = command.positionals.at(-1);
  const extra = last?.name.endsWith('…') ? undefined : positionals[command.positionals.length];
  if (extra !== undefined)
    throw surplusWord(`\`muster ${command.name}\` does not take ${JSON.stringify(extra)}; ${help}`, 'argument');
  return {
    positionals,
    terminator,
    flag: name => flags.get(name) === true,
    text: name => texts.get(name)?.at(-1),
    list: name => texts.get(name) ?? [],
    required: index => positionals[index] ?? '',
  };
}
