import { resolve } from 'node:path';
import { AppError } from '../base/errors.js';

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  /** Absolute; where relative paths and the search for a project begin. */
  readonly directory: string;
  /** The compose file as given; undefined: looked for. */
  readonly file: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

export const globalOptionLines: readonly (readonly [string, string])[] = [
  ['-C, --directory DIR', 'work as if started in DIR'],
  ['-f, --file FILE', 'the compose file (default: agent-compose.yml here or in a folder above)'],
  ['    --json', 'print JSON on standard output'],
  ['-h, --help', 'explain the command'],
];

const flags: Readonly<Record<string, 'json' | 'help'>> = { '--json': 'json', '-h': 'help', '--help': 'help' };
const valued: Readonly<Record<string, 'directory' | 'file'>> = {
  '-C': 'directory',
  '--directory': 'directory',
  '-f': 'file',
  '--file': 'file',
};

/** Takes the global options out of the arguments, wherever they stand before a `--`. Throws `usage`. */
export function readGlobalOptions(
  args: readonly string[],
  cwd: string,
): { readonly options: GlobalOptions; readonly rest: readonly string[] } {
  let directory: string | undefined;
  let file: string | undefined;
  let json = false;
  let help = false;
  let version = false;
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      rest.push(...args.slice(i));
      break;
    }
    const flag = Object.hasOwn(flags, arg) ? flags[arg] : undefined;
    const { name, value } = splitValue(arg);
    const option = Object.hasOwn(valued, name) ? valued[name] : undefined;
    if (flag === 'json') json = true;
    else if (flag === 'help') help = true;
    else if (arg === '--version' && rest.length === 0) version = true;
    else if (option) {
      const given = value ?? args[++i];
      if (given === undefined || given === '')
        throw usageError(`${name} needs a ${option === 'file' ? 'file' : 'folder'}.`);
      // Like git's: a second -C is relative to the first.
      if (option === 'directory') directory = resolve(directory ?? cwd, given);
      else file = given;
    } else rest.push(arg);
  }
  return { options: { directory: directory ?? cwd, file, json, help, version }, rest };
}

function splitValue(arg: string): { readonly name: string; readonly value: string | undefined } {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1;
  return at < 0 ? { name: arg, value: undefined } : { name: arg.slice(0, at), value: arg.slice(at + 1) };
}

/** An error in how the program was called. */
export function usageError(reason: string): AppError<'usage'> {
  return new AppError('usage', reason, { reason });
}
