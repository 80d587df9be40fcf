import { existsSync } from 'node:fs';
import { isAppError, isAnyAppError } from '../base/errors.js';
import { silentLog, type Log } from '../base/log.js';
import { stateDirectory, type Environment } from '../client/stateDirectory.js';
import type { CommandContext } from './command.js';
import { findCommand } from './commandTable.js';
import { unsupportedCommand } from './options/unsupported.js';
import { eraExitStatus, exitStatus, exitStatusOf } from './exitStatus.js';
import { readCompat, readGlobalOptions, type Compat, type GlobalOptions } from './options/globalOptions.js';
import { surplusWord, usageError } from './options/usageError.js';
import { createSession } from './connection/lazySession.js';
import { errorDetails, errorJson, errorLine } from './output/errorText.js';
import { createPrinter, type Printer, type TextSink } from './output/printer.js';

export interface CliOptions {
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly bundleDir: string;
  /** Asked for by commands that read it. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly signal: AbortSignal;
}

/** Runs one invocation of `muster` and returns its exit status. Never throws. */
export async function runCli(options: CliOptions): Promise<number> {
  const out = createPrinter(options);
  try {
    return await invoke(options, out);
  } catch (error) {
    // Whatever an interrupted call threw: the person knows why it ended.
    if (options.signal.aborted) return exitStatus.interrupted;
    return report(error, { out, json: wantsJson(options.args), era: eraOf(options) });
  }
}

async function invoke(invocation: CliOptions, out: Printer): Promise<number> {
  const { args, env, cwd } = invocation;
  const { options, rest } = readGlobalOptions(args, cwd);
  if (options.directory !== cwd && !existsSync(options.directory))
    throw usageError(`There is no folder ${options.directory}.`);
  const [name, ...commandArgs] = rest;
  const found = await findCommand(options.version ? 'version' : (name ?? ''), commandArgs);
  if (options.help || name === 'help') {
    const about = name === 'help' ? await findCommand(commandArgs[0] ?? '', commandArgs.slice(1)) : found;
    return await help(about, out, { all: name === 'help' && commandArgs[0] === 'all' });
  }
  if (!found) throw await unknownCommand(name);
  const missing = unsupportedCommand(rest.slice(0, 2).join(' '));
  if (missing) throw missing;
  const compat = options.compat ?? readCompat(env['MUSTER_COMPAT'] || undefined);
  return await runFound(found, { invocation, options: { ...options, compat }, out });
}

type Found = NonNullable<Awaited<ReturnType<typeof findCommand>>>;

async function help(about: Found | undefined, out: Printer, which: { readonly all: boolean }): Promise<number> {
  const { printCommandHelp, printHelp } = await import('./output/help.js');
  if (about && about.command.name !== '') printCommandHelp(out, about.command);
  else printHelp(out, which);
  return exitStatus.ok;
}

/** Runs a command with all that commands are given, and ends its connections. */
async function runFound(
  { command, args }: Found,
  {
    invocation,
    options,
    out,
  }: { readonly invocation: CliOptions; readonly options: GlobalOptions; readonly out: Printer },
): Promise<number> {
  const { env, bundleDir, signal } = invocation;
  const stateDir = stateDirectory(env);
  const log: Log = env['MUSTER_DEBUG'] ? debugLog(out) : silentLog;
  const session = createSession({
    stateDir,
    bundleDir,
    env,
    signal,
    log,
    host: options.host,
    // `wait` means the thread, not a call.
    callTimeoutMs: command.name === 'wait' ? undefined : options.timeoutMs,
  });
  const context: CommandContext = {
    ...options,
    env,
    stateDir,
    bundleDir,
    signal,
    out,
    get stdin() {
      return invocation.stdin;
    },
    log,
    ...session.calls,
  };
  try {
    return await command.invoke(context, args);
  } finally {
    if (options.compat === undefined && command.name !== 'recover') tellDamage(out, await session.damaged());
    await session.dispose();
  }
}

/** Until somebody acknowledges it: a list without the threads of yesterday must not look complete. */
function tellDamage(out: Printer, damaged: readonly string[]): void {
  for (const path of damaged)
    out.note(
      `muster: the database was damaged and put aside as ${path}; what was in it is not listed. \`muster recover\` brings threads back and ends this reminder.`,
    );
}

interface Reporting {
  readonly out: Printer;
  readonly json: boolean;
  readonly era: Compat | undefined;
}

/** What agent-compose has and this version has not says what to do instead. */
async function unknownCommand(name: string | undefined): Promise<Error> {
  const { nearestCommand } = await import('./output/help.js');
  const near = nearestCommand(name ?? '');
  const hint = near === undefined ? '' : ` Did you mean \`muster ${near}\`?`;
  const unknown = `There is no command ${JSON.stringify(name)}.${hint} \`muster help\` lists the commands.`;
  return unsupportedCommand(name ?? '') ?? surplusWord(unknown, 'command');
}

function report(error: unknown, { out, json, era }: Reporting): number {
  if (isAppError(error, 'cancelled')) return exitStatus.interrupted;
  // Scripts for agent-compose read results from standard output, and find none there after an error.
  if (json && era === undefined) out.json(errorJson(error));
  else for (const line of errorDetails(error)) out.note(line);
  out.note(`muster: ${errorLine(error)}`);
  if (!isAnyAppError(error)) return exitStatus.failed;
  return era === undefined ? exitStatusOf(error.code) : eraExitStatus(error);
}

/** The era that was asked for, also when something else is wrong with the arguments. */
function eraOf({ args, env }: CliOptions): Compat | undefined {
  const at = args.findIndex(arg => arg === '--compat' || arg.startsWith('--compat='));
  const given = at < 0 ? env['MUSTER_COMPAT'] : (args[at]?.split('=')[1] ?? args[at + 1]);
  return given === 'seed' || given === 'head' ? given : undefined;
}

/** Also when the arguments themselves are what is wrong. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some(arg => /^--json(=(true|t|1))?$/i.test(arg));
}

function debugLog(out: Printer): Log {
  const write = (message: string, fields?: Readonly<Record<string, unknown>>): void =>
    out.note(`debug: ${message}${fields ? ` ${JSON.stringify(fields)}` : ''}`);
  return { debug: write, info: write, warn: write, error: write };
}
