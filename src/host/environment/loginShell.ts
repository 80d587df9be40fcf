import { execFile } from 'node:child_process';
import { homedir, userInfo } from 'node:os';
import { promisify } from 'node:util';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

const marker = 'MUSTER-ENVIRONMENT';
const timeoutMs = 15_000;

/**
 * The environment of the user's login shell, resolved once and kept: what a new terminal would have, whoever started
 * the host. Where no shell answers, the plainest environment that programs run with.
 */
export class LoginShell {
  readonly #log: Log;
  #resolved: Promise<Readonly<Record<string, string>>> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  environment(): Promise<Readonly<Record<string, string>>> {
    this.#resolved ??= this.#resolve();
    return this.#resolved;
  }

  /** Resolves again, after the person changed their shell's files. */
  refresh(): Promise<Readonly<Record<string, string>>> {
    this.#resolved = this.#resolve();
    return this.#resolved;
  }

  async #resolve(): Promise<Readonly<Record<string, string>>> {
    const plain = plainEnvironment();
    // Windows has no login shell: a new process gets the user's environment from the system.
    if (process.platform === 'win32') return { ...definedOf(process.env) };
    const shell = plain['SHELL'] ?? '/bin/sh';
    try {
      const printing = promisify(execFile)(shell, shellArguments(shell), {
        env: plain,
        timeout: timeoutMs,
        cwd: plain['HOME'] ?? '/',
        maxBuffer: 4_000_000,
      });
      // A profile that asks something gets no answer instead of waiting for one.
      printing.child.stdin?.end();
      return parse((await printing).stdout) ?? plain;
    } catch (error) {
      this.#log.warn('The login shell did not tell its environment; runs get a plain one', {
        shell,
        reason: errorMessage(error).slice(0, 500),
      });
      return plain;
    }
  }
}

/** Interactive as well as login: many people set PATH in the file that only interactive shells read. */
function shellArguments(shell: string): readonly string[] {
  const command = `printf '%s\\0' ${marker}; env -0; printf '%s\\0' ${marker}`;
  const name = shell.split('/').at(-1) ?? '';
  if (name === 'fish') return ['-l', '-i', '-c', `printf '%s\\0' ${marker}; env -0; printf '%s\\0' ${marker}`];
  if (name === 'sh' || name === 'dash') return ['-l', '-c', command];
  return ['-i', '-l', '-c', command];
}

/** Everything between the two markers: whatever a profile prints stays outside. */
function parse(output: string): Readonly<Record<string, string>> | undefined {
  const begin = output.indexOf(`${marker}\0`);
  const end = output.indexOf(`${marker}\0`, begin + 1);
  if (begin < 0 || end < 0) return undefined;
  const variables: Record<string, string> = {};
  for (const entry of output.slice(begin + marker.length + 1, end).split('\0')) {
    const equals = entry.indexOf('=');
    if (equals > 0) variables[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  // Of the shell that was asked, not of the person.
  for (const name of ['_', 'SHLVL', 'PWD', 'OLDPWD', 'TERM']) delete variables[name];
  return variables;
}

function plainEnvironment(): Readonly<Record<string, string>> {
  const user = userInfo();
  const shell = process.env['SHELL'] ?? user.shell ?? '/bin/sh';
  return {
    HOME: homedir(),
    USER: user.username,
    LOGNAME: user.username,
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
