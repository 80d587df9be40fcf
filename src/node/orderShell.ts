/**
 * A small shell beside this process that starts others for it. Forking a process copies its page tables, and those of a
 * host that has worked for a while take 5 ms and more, during which it answers nobody and after which each page it writes
 * to costs a fault; those of a shell take a fraction of one.
 *
 * It reads orders from its standard input, one shell command each, and ends when that does: with this process, whatever
 * ended it. So nothing of an order is in a file or in an argument list. What an order says of itself on the shell's output
 * are lines of the order's token and a word.
 *
 * It can have another shell at hand, that leads a session of its own already and becomes what the next order says: most of what a
 * detached process takes to start is then done before anybody waits for it. That one reads its order from a socket that this
 * process alone writes to, and ends as the first does.
 *
 * States: not started → running → gone; the next order starts another one. A shell that does not answer is ended. Orders
 * that it had not answered hear so soon after its end; those that it had are told by their own subshells, which go on.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Writable, type Readable } from 'node:stream';

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
  readonly process: ChildProcess;
  readonly streams: { readonly input: Writable; readonly output: Readable; readonly aside?: Writable };
  readonly orders: Map<string, Order>;
  /** Whether one waits: `coming` until it exists, `ordered` until it answers. The next one would read what a dead one did not. */
  waiting: 'nobody' | 'coming' | 'ready' | 'ordered';
}

export interface OrderShellOptions {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** How long an order may go unanswered before the shell is thought to hang. */
  readonly answerMs: number;
  /** It can have another shell wait ({@link OrderShell.haveOneWait}): there is a descriptor 3 for that one's orders. */
  readonly hasAside?: boolean;
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
    return this.#send(shell, listener, token => shell.streams.input.write(`${bury}; ${text(token)}\n`));
  }

  /**
   * As {@link order}, to the shell that waits: the text is read by the leader of a session that has no output but descriptor 3, for
   * its answers, and that is to become another program. Undefined when none waits.
   */
  orderWaiting(text: (token: string) => string, listener: OrderListener): (() => void) | undefined {
    const shell = this.#shell;
    if (shell?.waiting !== 'ready') return undefined;
    shell.waiting = 'ordered';
    const answered: OrderListener = words => {
      shell.waiting = 'nobody';
      listener(words);
    };
    return this.#send(shell, answered, token => shell.streams.aside?.write(`${text(token)}\n`));
  }

  /** Has a shell wait for {@link orderWaiting}, unless one does. */
  haveOneWait(): void {
    this.prepare();
    const shell = this.#shell;
    if (shell?.streams.aside === undefined || shell.waiting !== 'nobody') return;
    shell.waiting = 'coming';
    const command = `${setsid} -f ${shellWord(this.#options.program)} -s <&3 3>&1 >/dev/null 2>&1`;
    const over = this.order(
      token => `${command} && echo ${token} waits || echo ${token} failed`,
      words => {
        over();
        shell.waiting = words === 'waits' ? 'ready' : 'nobody';
      },
    );
  }

  #send(shell: Shell, listener: OrderListener, write: (token: string) => void): () => void {
    const token = `muster-${++this.#orders}`;
    const hangs = (): void => void shell.process.kill('SIGKILL');
    const late = setTimeout(() => (order.late = setTimeout(hangs, hearsWithinMs)), this.#options.answerMs);
    const order: Order = { listener, late, answered: false };
    shell.orders.set(token, order);
    write(token);
    return () => {
      clearTimeout(order.late);
      shell.orders.delete(token);
    };
  }

  /** Ends the shell; what it started goes on. */
  dispose(): void {
    this.#shell?.streams.input.end();
    this.#shell?.streams.aside?.destroy();
    this.#forget(this.#shell);
  }

  #open(): Shell {
    const { program, env } = this.#options;
    const process = spawn(program, ['-s'], {
      // Not the host's own group: what a terminal sends to that is for the host to answer.
      detached: true,
      cwd: '/',
      env,
      stdio: ['pipe', 'pipe', 'ignore', ...(this.#options.hasAside ? (['pipe'] as const) : [])],
    });
    const [input, output, , aside] = process.stdio;
    if (!input || !output) throw new Error('A shell was started without its pipes');
    const streams = { input, output, ...(aside instanceof Writable && { aside }) };
    const shell: Shell = { process, streams, orders: new Map(), waiting: 'nobody' };
    const gone = (): void => this.#forget(shell);
    process.on('error', gone).on('exit', gone);
    input.on('error', gone);
    streams.aside?.on('error', gone);
    let rest = '';
    output.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) hear(shell, line);
    });
    output.on('close', () => giveUp(shell, () => true));
    release(shell);
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
function release({ process, streams }: Shell): void {
  process.unref();
  for (const stream of Object.values(streams))
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}

/** A word as a shell reads it. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
