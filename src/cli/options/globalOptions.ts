import { ownValue } from '../../base/ownValue.js';
import { resolve } from 'node:path';
import { readSeconds } from './seconds.js';
import { usageError } from './usageError.js';

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  /** Absolute; where relative paths and the search for a project begin. */
  readonly directory: string;
  /** The compose file as given; undefined: looked for. */
  readonly file: string | undefined;
  readonly projectName: string | undefined;
  /** Address of a host, unchecked. */
  readonly host: string | undefined;
  /** How long one call may take, or a wait for a thread; 0 is without a limit. */
  readonly timeoutMs: number | undefined;
  /** Print what agent-compose prints instead of our own and its together. */
  readonly compat: Compat | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

export const globalOptionLines: readonly (readonly [string, string])[] = [
  ['-C, --directory DIR', 'work as if started in DIR'],
  ['-f, --file FILE', 'the compose file (default: agent-compose.yml here or in a folder above)'],
  ['-p, --project-name NAME', 'the project; for `config` and `up`: its name'],
  ['    --host ADDRESS', 'the host: unix:///path/to/its/socket or https://its.address'],
  ['    --timeout S', 'how long the host may take to answer a call'],
  ['    --compat ERA', 'print exactly what agent-compose prints: seed or head'],
  ['    --json', 'print JSON on standard output'],
  ['-h, --help', 'explain the command'],
];

const flags: Readonly<Record<string, 'json' | 'help'>> = { '--json': 'json', '-h': 'help', '--help': 'help' };
type Valued = 'directory' | 'file' | 'projectName' | 'host' | 'timeout' | 'compat';
const valued: Readonly<Record<string, Valued>> = {
  '-C': 'directory',
  '--directory': 'directory',
  '-f': 'file',
  '--file': 'file',
  '-p': 'projectName',
  '--project-name': 'projectName',
  '--host': 'host',
  '--timeout': 'timeout',
  '--compat': 'compat',
};
const valueWords: Readonly<Record<Valued, string>> = {
  directory: 'a folder',
  file: 'a file',
  projectName: 'a name',
  host: 'an address',
  timeout: 'a time',
  compat: 'seed or head',
};

/** Takes the global options out of the arguments, wherever they stand before a `--`. Throws `usage`. */
export function readGlobalOptions(
  args: readonly string[],
  cwd: string,
): { readonly options: GlobalOptions; readonly rest: readonly string[] } {
  const texts: Partial<Record<Valued, string>> = {};
  const truths = { json: false, help: false };
  let version = false;
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const others = whatIsNotOurs(args, i, rest);
    if (others !== undefined) {
      rest.push(...others);
      break;
    }
    const { name, value } = splitValue(arg);
    const flag = ownValue(flags, name);
    const option = ownValue(valued, name);
    if (flag) truths[flag] = readTruth(value, name);
    else if (arg === '--version' && rest.length === 0) version = true;
    else if (option) takeValue(option, { name, given: value ?? args[++i], texts, cwd });
    else rest.push(arg);
  }
  const { directory = cwd, file, projectName, host, timeout, compat } = texts;
  const timeoutMs = readSeconds(timeout, '--timeout');
  const options = { directory, file, projectName, host, timeoutMs, ...truths, version };
  return { options: { ...options, compat: readCompat(compat) }, rest };
}

function takeValue(
  option: Valued,
  {
    name,
    given,
    texts,
    cwd,
  }: {
    readonly name: string;
    readonly given: string | undefined;
    readonly texts: Partial<Record<Valued, string>>;
    readonly cwd: string;
  },
): void {
  if (given === undefined || given === '') throw usageError(`${name} needs ${valueWords[option]}.`);
  // Like git's: a second -C is relative to the first.
  texts[option] = option === 'directory' ? resolve(texts.directory ?? cwd, given) : given;
}

/** The words from `at` on, once none of them is an option of ours. */
function whatIsNotOurs(args: readonly string[], at: number, before: readonly string[]): readonly string[] | undefined {
  if (args[at] === '--') return args.slice(at);
  return before[0] === 'exec' && beginsCommand(args, { at, before }) ? ['--', ...args.slice(at)] : undefined;
}

/** Options of `exec` that take a value; the first word after them begins the command when one of the selectors was given. */
const execSelectors: readonly string[] = ['--agent', '--run-id', '--run', '--session-id', '--sandbox'];
const execValued: readonly string[] = [...execSelectors, '--cwd', '--command', '--prompt'];

/** True where the words of the command that `exec` runs begin: whatever follows is not an option of ours. */
function beginsCommand(
  args: readonly string[],
  { at, before }: { readonly at: number; readonly before: readonly string[] },
): boolean {
  const arg = args[at] ?? '';
  const last = before.at(-1) ?? '';
  if (arg.startsWith('-') || execValued.includes(last)) return false;
  const selected = before.some(word => execSelectors.includes(splitValue(word).name));
  if (selected) return true;
  const next = splitValue(args[at + 1] ?? '--').name;
  const ours = next === '--' || execValued.includes(next) || Object.hasOwn(valued, next) || Object.hasOwn(flags, next);
  // A short option after the first word is the command's, as in `ls -C`.
  return !(ours && next.startsWith('--'));
}

/** How agent-compose's two eras print: before (seed) and after (head) its sessions became sandboxes. */
export type Compat = 'seed' | 'head';

/** Throws `usage`. */
export function readCompat(text: string | undefined): Compat | undefined {
  if (text === undefined || text === 'seed' || text === 'head') return text;
  throw usageError(`--compat takes seed or head, not ${JSON.stringify(text)}.`);
}

/** What `--json=false` says; without a value it is true. Throws `usage`. */
export function readTruth(text: string | undefined, option: string): boolean {
  if (text === undefined || ['true', 't', '1'].includes(text.toLowerCase())) return true;
  if (['false', 'f', '0'].includes(text.toLowerCase())) return false;
  throw usageError(`${option} takes true or false, not ${JSON.stringify(text)}.`);
}

function splitValue(arg: string): { readonly name: string; readonly value: string | undefined } {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1;
  return at < 0 ? { name: arg, value: undefined } : { name: arg.slice(0, at), value: arg.slice(at + 1) };
}
