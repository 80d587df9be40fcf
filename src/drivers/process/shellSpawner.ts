/**
 * A small shell beside the host that starts processes for it. Forking a process copies its page tables, and those of a
 * host that has worked for a while take 3 to 7 ms during which it answers nobody; those of a shell take a fraction of one.
 *
 * It reads orders from its standard input, one shell command each, and ends when that does: with the host, whatever ended
 * the host. An order names the environment of the process, so that it is in no file and in no argument list. The process
 * itself says that it is there, after `exec`: from then on it can be recognised by its environment. Silence means that
 * nobody knows; what is ordered must therefore bear being started twice, as the wrapper does.
 *
 * States: not started → running → gone; the next order starts another one. What was ordered and not answered when it goes
 * is answered with "not known".
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

export interface SpawnOrder {
  /** Absolute, and there. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** For `sh -c`. */
  readonly program: string;
  /** `$0` first. */
  readonly args: readonly string[];
}

/** Makes a process the leader of a session of its own; systems without it start processes from the host. */
const setsid = '/usr/bin/setsid';
/** Before the name of an order that could not be carried out. */
const failureMark = '!';
/** Longer than a busy machine takes for two `exec`; then the process is started another way. */
const answerMs = 5_000;
/** A shell refuses to set these. */
const ofShells = new Set(
  ['BASHOPTS', 'BASHPID', 'BASH_VERSINFO', 'DIRSTACK', 'EUID', 'FUNCNAME', 'GROUPS'].concat([
    'LINENO',
    'OPTIND',
    'PPID',
    'SHELLOPTS',
    'UID',
  ]),
);

type Shell = ChildProcessByStdio<Writable, Readable, null>;

/** Starts detached processes through one small shell. */
export class ShellSpawner {
  readonly #shellProgram: string;
  readonly #available: boolean;
  readonly #waiting = new Map<string, (started: boolean) => void>();
  #shell: Shell | undefined;
  #orders = 0;

  constructor(shellProgram: string) {
    this.#shellProgram = shellProgram;
    this.#available = existsSync(setsid);
  }

  /** Starts the shell, best while this process is still small. */
  prepare(): void {
    if (this.#available) this.#shell ??= this.#open();
  }

  /** True once the process exists, with its environment; false when that is not known and another way must be taken. */
  async start(order: SpawnOrder): Promise<boolean> {
    const names = Object.keys(order.env);
    if (!this.#available || names.some(name => ofShells.has(name))) return false;
    const shell = (this.#shell ??= this.#open());
    const token = `muster-${++this.#orders}`;
    return await new Promise<boolean>(resolve => {
      const timer = setTimeout(() => {
        // It hangs, or takes longer than starting without it: the next order begins another one.
        this.#gone(shell);
        shell.kill('SIGKILL');
      }, answerMs);
      this.#waiting.set(token, started => {
        clearTimeout(timer);
        resolve(started);
      });
      shell.stdin.write(textOf(order, { token, shell: this.#shellProgram }));
    });
  }

  /** Ends the shell; what it started goes on. */
  dispose(): void {
    this.#shell?.stdin.end();
    this.#gone(this.#shell);
  }

  #open(): Shell {
    const shell = spawn(this.#shellProgram, ['-s'], {
      // Not the host's own group: what a terminal sends to that is for the host to answer.
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    shell.on('error', () => this.#gone(shell));
    shell.on('exit', () => this.#gone(shell));
    shell.stdin.on('error', () => this.#gone(shell));
    let rest = '';
    shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const failed = line.startsWith(failureMark);
        this.#answer(failed ? line.slice(failureMark.length) : line, !failed);
      }
    });
    release(shell);
    return shell;
  }

  #answer(token: string, started: boolean): void {
    this.#waiting.get(token)?.(started);
    this.#waiting.delete(token);
  }

  #gone(shell: Shell | undefined): void {
    if (shell === undefined || shell !== this.#shell) return;
    this.#shell = undefined;
    for (const token of this.#waiting.keys()) this.#answer(token, false);
  }
}

/** Nothing of it keeps this process alive. */
function release(shell: Shell): void {
  shell.unref();
  for (const stream of [shell.stdin, shell.stdout])
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}

/**
 * One line of shell for one order. In the foreground, because a shell lets its background children ignore SIGINT for ever;
 * `setsid` forks, so that it is over at once. `cd` leaves a variable behind; assignments before `exec` go into the
 * environment of what is executed and are in no argument list. Names that are not identifiers are dropped, as every shell
 * between the host and an agent does.
 */
function textOf(order: SpawnOrder, { token, shell }: { readonly token: string; readonly shell: string }): string {
  const variables = Object.entries(order.env)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    .map(([name, value]) => `${name}=${quote(value)} `);
  // With a host that is gone nobody listens: then nothing begins.
  const program = `printf '%s\n' ${token} >&3 || exit 0; exec 3>&-\n${order.program}`;
  const command = [setsid, '-f', shell, '-c', program, ...order.args].map(quote);
  const process = `cd ${quote(order.cwd)} && unset OLDPWD && ${variables.join('')}exec ${command.join(' ')}`;
  return `(${process}) 3>&1 </dev/null >/dev/null 2>&1 || echo ${failureMark}${token}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
