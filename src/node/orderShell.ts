/**
 * A small shell beside this process that starts others for it. Forking a process copies its page tables, and those of a
 * host that has worked for a while take 5 ms and more, during which it answers nobody and after which each page it writes
 * to costs a fault; those of a shell take a fraction of one.
 *
 * It reads orders from its standard input, one shell command each, and ends when that does: with this process, whatever
 * ended it. So nothing of an order is in a file or in an argument list. What an order says of itself on the shell's output
 * are lines of the order's token and a word.
 *
 * States: not started → running → gone; the next order starts another one. A shell that does not answer is ended. Orders
 * that it had not answered hear so soon after its end; those that it had are told by their own subshells, which go on.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

/** Makes a process the leader of a session of its own; systems without it start processes from the host. */
export const setsid = '/usr/bin/setsid';

/**
 * Takes the dead off the process table before the next is started. A shell that reads orders does not do so by itself (dash), and each
 * order would leave one, until nobody on the machine could start a process any more.
 */
const bury = 'jobs >/dev/null 2>&1';

/** What has been written before the shell's end arrives within this. */
const lastLinesMs = 200;

/** A host that stood still itself hears what it was answered meanwhile only after its timers, and within this. */
const hearsWithinMs = 500;

/** Hears each line that an order says, without its token; undefined when nothing will come any more. */
export type OrderListener = (words: string | undefined) => void;

interface Order {
  readonly listener: OrderListener;
  /** Runs until the order is answered. */
  late: NodeJS.Timeout;
  answered: boolean;
}

interface Shell {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly orders: Map<string, Order>;
}

export interface OrderShellOptions {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** How long an order may go unanswered before the shell is thought to hang. */
  readonly answerMs: number;
}

/** Gives orders to one shell at a time. */
export class OrderShell {
  /** False where the shell cannot do its work: then nothing is ordered. */
  readonly available = existsSync(setsid) && existsSync('/proc/self/fd');
  readonly #options: OrderShellOptions;
  #shell: Shell | undefined;
  #orders = 0;

  constructor(options: OrderShellOptions) {
    this.#options = options;
  }

  /** Starts the shell, best while this process is still small. */
  prepare(): void {
    if (this.available) this.#shell ??= this.#open();
  }

  /** Sends one line of shell, made for the order's token. The order is over when what is returned is called. */
  order(text: (token: string) => string, listener: OrderListener): () => void {
    const shell = (this.#shell ??= this.#open());
    const token = `muster-${++this.#orders}`;
    const hangs = (): void => void shell.process.kill('SIGKILL');
    const late = setTimeout(() => (order.late = setTimeout(hangs, hearsWithinMs)), this.#options.answerMs);
    const order: Order = { listener, late, answered: false };
    shell.orders.set(token, order);
    shell.process.stdin.write(`${bury}; ${text(token)}\n`);
    return () => {
      clearTimeout(order.late);
      shell.orders.delete(token);
    };
  }

  /** Ends the shell; what it started goes on. */
  dispose(): void {
    this.#shell?.process.stdin.end();
    this.#forget(this.#shell);
  }

  #open(): Shell {
    const { program, env } = this.#options;
    const process = spawn(program, ['-s'], {
      // Not the host's own group: what a terminal sends to that is for the host to answer.
      detached: true,
      cwd: '/',
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const shell: Shell = { process, orders: new Map() };
    const gone = (): void => this.#forget(shell);
    process.on('error', gone).on('exit', gone);
    process.stdin.on('error', gone);
    let rest = '';
    process.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) hear(shell, line);
    });
    process.stdout.on('close', () => giveUp(shell, () => true));
    release(process);
    return shell;
  }

  #forget(shell: Shell | undefined): void {
    if (shell === undefined) return;
    if (shell === this.#shell) this.#shell = undefined;
    setTimeout(() => giveUp(shell, order => !order.answered), lastLinesMs).unref();
  }
}

function hear({ orders }: Shell, line: string): void {
  const end = line.indexOf(' ');
  const order = orders.get(line.slice(0, end));
  if (order === undefined) return;
  order.answered = true;
  clearTimeout(order.late);
  order.listener(line.slice(end + 1));
}

function giveUp({ orders }: Shell, which: (order: Order) => boolean): void {
  for (const [token, order] of orders) {
    if (!which(order)) continue;
    clearTimeout(order.late);
    orders.delete(token);
    order.listener(undefined);
  }
}

/** Nothing of it keeps this process alive. */
function release(shell: Shell['process']): void {
  shell.unref();
  for (const stream of [shell.stdin, shell.stdout])
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}

/** A word as a shell reads it. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
