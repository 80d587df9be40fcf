/**
 * Starts detached processes through a shell (`node/orderShell.ts`). An order names the environment of the process. The
 * process itself says that it is there, after `exec`: from then on it can be recognised by its environment. Silence means
 * that nobody knows; what is ordered must therefore bear being started twice, as the wrapper does.
 */
import { OrderShell, setsid, shellWord } from '../../node/orderShell.js';

export interface SpawnOrder {
  /** Absolute, and there. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** For `sh -c`. */
  readonly program: string;
  /** `$0` first. */
  readonly args: readonly string[];
}

/** Longer than a busy machine takes for two `exec`; then the process is started another way. */
const answerMs = 5_000;
/** After a start: the next one comes seldom sooner. */
const waitsAgainMs = 10;
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

/** Starts detached processes through one small shell. */
export class ShellSpawner {
  readonly #program: string;
  readonly #shell: OrderShell;
  #disposed = false;
  /** Until another shell waits. */
  #later: NodeJS.Timeout | undefined;

  constructor(shellProgram: string) {
    this.#program = shellProgram;
    this.#shell = new OrderShell({ program: shellProgram, env: { PATH: '/usr/bin:/bin' }, answerMs, hasAside: true });
  }

  /** Starts the shell, best while this process is still small. */
  prepare(): void {
    this.#shell.haveOneWait();
  }

  /** True once the process exists, with its environment; false when that is not known and another way must be taken. */
  async start(order: SpawnOrder): Promise<boolean> {
    const names = Object.keys(order.env);
    if (!this.#shell.available || names.some(name => ofShells.has(name))) return false;
    return await new Promise<boolean>(resolve => {
      const listener = (words: string | undefined): void => {
        over();
        resolve(words === 'started');
        // Not while what was started needs the processor.
        if (!this.#disposed) this.#later ??= setTimeout(() => this.#haveOneWait(), waitsAgainMs).unref();
      };
      const over =
        this.#shell.orderWaiting(token => ownText(order, { token, shell: this.#program }), listener) ??
        this.#shell.order(token => textOf(order, { token, shell: this.#program }), listener);
    });
  }

  #haveOneWait(): void {
    this.#later = undefined;
    this.#shell.haveOneWait();
  }

  /** Ends the shell; what it started goes on. */
  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#later);
    this.#shell.dispose();
  }
}

interface Told {
  readonly token: string;
  readonly shell: string;
}

/** One line of shell for one order. In the foreground, because a shell lets its background children ignore SIGINT for ever; `setsid` forks, so that it is over at once. */
function textOf(order: SpawnOrder, told: Told): string {
  return `(${becoming(order, told, [setsid, '-f'])}) 3>&1 </dev/null >/dev/null 2>&1 || echo ${told.token} failed`;
}

/** The same for a shell that waits in a session of its own. */
function ownText(order: SpawnOrder, told: Told): string {
  return `${becoming(order, told, [])} </dev/null; echo ${told.token} failed >&3; exit`;
}

/**
 * `cd` leaves a variable behind; assignments before `exec` go into the environment of what is executed and are in no argument
 * list. Names that are not identifiers are dropped, as every shell between the host and an agent does.
 */
function becoming(order: SpawnOrder, { token, shell }: Told, through: readonly string[]): string {
  const variables = Object.entries(order.env)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    .map(([name, value]) => `${name}=${shellWord(value)} `);
  // With a host that is gone nobody listens: then nothing begins.
  const program = `echo ${token} started >&3 || exit 0; exec 3>&-\n${order.program}`;
  const command = [...through, shell, '-c', program, ...order.args].map(shellWord);
  return `cd ${shellWord(order.cwd)} && unset OLDPWD && ${variables.join('')}exec ${command.join(' ')}`;
}
