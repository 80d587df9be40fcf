import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { AppError, errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { accountName, accountShell, homeFolder } from '../../node/person.js';

const marker = 'MUSTER-ENVIRONMENT';
/** Long enough for a slow profile on a busy machine; whoever dispatches meanwhile waits for it. */
const defaultTimeoutMs = 10_000;
/** Far above any environment; a profile that prints without end is cut off. */
const maxOutputBytes = 4_000_000;
/** After a failure: how long the plain environment is good enough before the shell is asked again. */
const askAgainAfterMs = 60_000;

type Variables = Readonly<Record<string, string>>;

/**
 * The environment of the user's login shell, resolved once and kept: what a new terminal would have, whoever started
 * the host. Where no shell answers, the plainest environment that programs run with, and the shell is asked again later.
 */
export class LoginShell {
  readonly #log: Log;
  readonly #shell: string | undefined;
  readonly #timeoutMs: number;
  #resolving: Promise<Variables> | undefined;
  #resolved: Variables | undefined;
  #failedAt: number | undefined;
  #trouble: string | undefined;

  /** `shell`: a path instead of the user's own. */
  constructor(log: Log, options: { readonly shell?: string; readonly timeoutMs?: number } = {}) {
    this.#log = log;
    this.#shell = options.shell;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  }

  /** What was found so far; `undefined` until the shell has answered for the first time. */
  get known(): Variables | undefined {
    return this.#resolved;
  }

  /** Why runs have a plain environment instead of the person's, in words that stand alone; undefined while the shell answers. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  environment(): Promise<Variables> {
    const stale = this.#failedAt !== undefined && performance.now() - this.#failedAt >= askAgainAfterMs;
    if (stale) return this.refresh();
    this.#resolving ??= this.#resolve();
    return this.#resolving;
  }

  /** Resolves again, after the person changed their shell's files. */
  refresh(): Promise<Variables> {
    this.#failedAt = undefined;
    this.#resolving = this.#resolve();
    return this.#resolving;
  }

  async #resolve(): Promise<Variables> {
    // Windows has no login shell: a new process gets the user's environment from the system.
    const found = process.platform === 'win32' ? definedOf(process.env) : await this.#askShell();
    this.#resolved = found;
    return found;
  }

  async #askShell(): Promise<Variables> {
    const plain = plainEnvironment();
    const shell = this.#shell ?? plain['SHELL'] ?? '/bin/sh';
    try {
      const told = await printedEnvironment(shell, { env: plain, timeoutMs: this.#timeoutMs });
      this.#trouble = undefined;
      return told;
    } catch (error) {
      this.#trouble = `${shell} did not tell its environment (${errorMessage(error).slice(0, 200)}): a profile that starts another shell in its place, such as \`exec zsh\`, or that waits for something keeps it from that`;
      this.#failedAt = performance.now();
      this.#log.warn('The login shell did not tell its environment; runs get a plain one', {
        shell,
        reason: errorMessage(error).slice(0, 500),
      });
      return plain;
    }
  }
}

/**
 * Runs the shell in a session of its own: an interactive one would otherwise take the terminal of a host that runs in the
 * foreground. As soon as everything was printed it is done with, whatever the profile left running in the background; and
 * it ends by SIGKILL, because interactive shells ignore SIGTERM.
 */
async function printedEnvironment(
  shell: string,
  { env, timeoutMs }: { readonly env: Variables; readonly timeoutMs: number },
): Promise<Variables> {
  const home = env['HOME'] ?? '/';
  // No standard input: a profile that asks something gets no answer instead of waiting for one.
  const child = spawn(shell, [...shellArguments(shell)], {
    env: { ...env },
    cwd: existsSync(home) ? home : '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Variables>();
  const refuse = (reason: string): void => reject(new AppError('internal', reason, { detail: reason }));
  const timer = setTimeout(() => refuse(`no answer within ${timeoutMs} ms`), timeoutMs);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    const variables = parse(output);
    if (variables?.['PATH'] !== undefined) resolve(variables);
    else if (variables) refuse('it printed no PATH');
    else if (output.length > maxOutputBytes) refuse('it printed without end');
  });
  child.once('error', reject);
  child.once('close', (code, signal) => refuse(`it ended with ${signal ?? code} before it had told everything`));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.stdout.destroy();
    child.unref();
    endSoon(child);
  }
}

/** It has a moment to end by itself, as a terminal would give it. */
function endSoon(child: ChildProcess): void {
  const timer = setTimeout(() => {
    if (child.pid !== undefined) killGroup(child.pid);
  }, 500).unref();
  child.once('exit', () => clearTimeout(timer));
  if (child.exitCode !== null || child.signalCode !== null) clearTimeout(timer);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** Interactive as well as login: many people set PATH in the file that only interactive shells read. */
function shellArguments(shell: string): readonly string[] {
  const command = `printf '%s\\0' ${marker}; env -0; printf '%s\\0' ${marker}`;
  const name = shell.split('/').at(-1) ?? '';
  return name === 'sh' || name === 'dash' ? ['-l', '-c', command] : ['-i', '-l', '-c', command];
}

/** Everything between the two markers, once both are there: whatever a profile prints stays outside. */
function parse(output: string): Variables | undefined {
  const begin = output.indexOf(`${marker}\0`);
  const end = begin < 0 ? -1 : output.indexOf(`\0${marker}\0`, begin);
  if (end < 0) return undefined;
  const variables: Record<string, string> = {};
  for (const entry of output.slice(begin + marker.length + 1, end).split('\0')) {
    const equals = entry.indexOf('=');
    if (equals > 0) variables[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  // Of the shell that was asked, not of the person.
  for (const name of ['_', 'SHLVL', 'PWD', 'OLDPWD', 'TERM']) delete variables[name];
  return variables;
}

function plainEnvironment(): Variables {
  const name = accountName();
  const shell = process.env['SHELL'] || accountShell() || '/bin/sh';
  return {
    ...definedOf({ HOME: homeFolder() }),
    USER: name,
    LOGNAME: name,
    SHELL: shell,
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    TERM: 'dumb',
    ...definedOf({
      LANG: process.env['LANG'],
      TMPDIR: process.env['TMPDIR'],
      XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'],
    }),
  };
}

function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) result[name] = value;
  return result;
}
