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

  constructor(shellProgram: string) {
    this.#program = shellProgram;
    this.#shell = new OrderShell({ program: shellProgram, env: { PATH: '/usr/bin:/bin' }, answerMs });
  }

  /** Starts the shell, best while this process is still small. */
  prepare(): void {
    this.#shell.prepare();
  }

  /** True once the process exists, with its environment; false when that is not known and another way must be taken. */
  async start(order: SpawnOrder): Promise<boolean> {
    const names = Object.keys(order.env);
    if (!this.#shell.available || names.some(name => ofShells.has(name))) return false;
    return await new Promise<boolean>(resolve => {
      const over = this.#shell.order(
        token => textOf(order, { token, shell: this.#program }),
        words => {
          over();
          resolve(words === 'started');
        },
      );
    });
  }

  /** Ends the shell; what it started goes on. */
  dispose(): void {
    this.#shell.dispose();
  }
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
    .map(([name, value]) => `${name}=${shellWord(value)} `);
  // With a host that is gone nobody listens: then nothing begins.
  const program = `echo ${token} started >&3 || exit 0; exec 3>&-\n${order.program}`;
  const command = [setsid, '-f', shell, '-c', program, ...order.args].map(shellWord);
  const process = `cd ${shellWord(order.cwd)} && unset OLDPWD && ${variables.join('')}exec ${command.join(' ')}`;
  return `(${process}) 3>&1 </dev/null >/dev/null 2>&1 || echo ${token} failed`;
}
