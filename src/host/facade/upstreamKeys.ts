import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AppError } from '../../base/errors.js';
import { ownValue } from '../../base/ownValue.js';
import type { Redactor } from '../../base/redactor.js';
import type { Upstream } from '../../core/models/upstream.js';
import type { ModelSettings } from './modelSettings.js';

/** A key of an upstream. It is in memory only. */
export interface UpstreamKey {
  readonly value: string;
  /** A token of a gateway or an account, which Anthropic's API takes in another header than keys. */
  readonly isBearer: boolean;
}

type Variables = Readonly<Record<string, string>>;

/** For a password manager that asks for a finger. */
const commandMs = 60_000;
/** Then it is asked again: keys are exchanged now and then. */
const commandKeepsMs = 10 * 60_000;

/** Finds the keys of upstreams: by a command of the person, handed over by a client, or in a run's environment. */
export class UpstreamKeys {
  readonly #settings: () => ModelSettings;
  readonly #redactor: Redactor;
  readonly #shellEnvironment: () => Promise<Variables>;
  readonly #now: () => number;
  readonly #offered = new Map<string, string>();
  readonly #printed = new Map<
    string,
    { readonly command: string; readonly at: number; readonly key: Promise<string> }
  >();

  constructor(options: {
    readonly settings: () => ModelSettings;
    readonly redactor: Redactor;
    /** For commands that print keys. */
    readonly shellEnvironment: () => Promise<Variables>;
    /** Milliseconds of a clock that never jumps. */
    readonly now: () => number;
  }) {
    this.#settings = options.settings;
    this.#redactor = options.redactor;
    this.#shellEnvironment = options.shellEnvironment;
    this.#now = options.now;
  }

  /** A client hands over a key that it keeps, such as VS Code's secret storage; an empty one takes it back. */
  offer(upstream: string, key: string): void {
    this.#redactor.add(key);
    if (key === '') this.#offered.delete(upstream);
    else this.#offered.set(upstream, key);
  }

  /** Where a key would come from, in words; `undefined` when there is none. */
  sourceOf(upstream: Upstream, variables: Variables): string | undefined {
    if (this.#settings().keyCommands.has(upstream.name)) return 'a command in models.json';
    if (this.#offered.has(upstream.name)) return 'the editor’s secret storage';
    const name = upstream.keyNames.find(candidate => ownValue(variables, candidate));
    return name === undefined ? undefined : `the variable ${name}`;
  }

  /** Errors: `model.keyMissing`. */
  async keyOf(upstream: Upstream, variables: Variables): Promise<UpstreamKey> {
    const command = this.#settings().keyCommands.get(upstream.name);
    const given = command === undefined ? this.#offered.get(upstream.name) : await this.#print(upstream, command);
    if (given !== undefined) return { value: given, isBearer: given.startsWith('sk-ant-oat') };
    const name = upstream.keyNames.find(candidate => ownValue(variables, candidate));
    const value = name === undefined ? undefined : ownValue(variables, name);
    if (name === undefined || value === undefined) throw missing(upstream);
    this.#redactor.add(value);
    return { value, isBearer: name.endsWith('_AUTH_TOKEN') };
  }

  /** The upstream refused the key: a command is asked again for the next call. */
  refused(upstream: Upstream): void {
    this.#printed.delete(upstream.name);
  }

  async #print(upstream: Upstream, command: string): Promise<string> {
    const kept = this.#printed.get(upstream.name);
    if (kept?.command === command && this.#now() - kept.at < commandKeepsMs) return await kept.key;
    // Calls that come meanwhile wait for the same answer: nobody wants to be asked for a finger ten times.
    const key = this.#run(upstream, command);
    const entry = { command, at: this.#now(), key };
    this.#printed.set(upstream.name, entry);
    try {
      return await key;
    } catch (error) {
      if (this.#printed.get(upstream.name) === entry) this.#printed.delete(upstream.name);
      throw error;
    }
  }

  async #run(upstream: Upstream, command: string): Promise<string> {
    const env = { ...(await this.#shellEnvironment()) };
    const [shell, args] = process.platform === 'win32' ? ['cmd.exe', ['/d', '/s', '/c']] : ['/bin/sh', ['-c']];
    let printed: string;
    try {
      const { stdout } = await promisify(execFile)(shell, [...args, command], { env, timeout: commandMs, cwd: '/' });
      printed = stdout.trim();
    } catch (error) {
      // What it printed may be a key: neither its output nor its command line goes into a message.
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      throw missing(upstream, `The command key_command of models.json ended with ${code}.`);
    }
    if (printed === '' || /\s/.test(printed))
      throw missing(upstream, 'key_command of models.json printed no single word.');
    this.#redactor.add(printed);
    return printed;
  }
}

function missing(upstream: Upstream, why = ''): AppError<'model.keyMissing'> {
  const [name = ''] = upstream.keyNames;
  const exported = name === '' ? '' : `Export ${name} in your shell’s profile, `;
  const how = `${exported === '' ? 'Store' : `${exported}store`} it with \`Muster: Set Model Key\` in the editor, or name a command that prints it in models.json (docs/models.md)`;
  return new AppError(
    'model.keyMissing',
    `There is no key for ${upstream.name}. ${why === '' ? '' : `${why} `}${how}; then follow up.`,
    { upstream: upstream.name, variables: upstream.keyNames },
  );
}
