/**
 * Git through a shell beside the host (`node/orderShell.ts`), because a fork of the host itself costs more than git does.
 *
 *   ordered ──► begun (`ready`, `pid`) ──► exited (`exit`) ──► drained
 *      │  └──► refused (`exit` alone: no such folder or program)        → {@link DirectGit} says why
 *      └─────► lost (silence, or the shell is gone)                     → it failed; nothing is begun twice
 *
 * Git has a session of its own, so that all that it started ends with it. Its output comes through pipes without names
 * (`pipePool.ts`); what it is told is in no file.
 */
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { delimiter, isAbsolute, join } from 'node:path';
import { OrderShell, setsid, shellWord } from '../../../node/orderShell.js';
import { systemCode } from '../../../node/systemError.js';
import { killDelayMs, maxErrorBytes, PipeDrain, type GitEnd, type GitStart } from './gitProcess.js';
import { PipePool } from './pipePool.js';

/** Longer than a busy machine takes for two forks. */
const answerMs = 20_000;

export class ShellGit {
  readonly #program: string | undefined;
  readonly #shell: OrderShell;
  readonly #pipes: PipePool;
  readonly #running = new Set<ShellGitRun>();

  constructor(options: {
    readonly binary: string;
    readonly environment: Readonly<Record<string, string>>;
    /** For pipes, until they lose their names. */
    readonly folder: string;
  }) {
    this.#program = absolute(options.binary, options.environment['PATH'] ?? '');
    this.#shell = new OrderShell({ program: '/bin/sh', env: options.environment, answerMs });
    this.#pipes = new PipePool(this.#shell, options.folder);
  }

  /** Starts the shell, best while this process is still small. */
  prepare(): void {
    if (!this.#shell.available) return;
    this.#shell.prepare();
    void this.#pipes.fill();
  }

  /** Undefined when git was not begun, and another way must be taken. */
  async run(start: GitStart): Promise<GitEnd | undefined> {
    const program = this.#program;
    if (program === undefined || !this.#shell.available || !isSpeakable(start)) return undefined;
    const pipes = await this.#pipes.take(start.input === undefined ? 2 : 3);
    if (pipes === undefined) return undefined;
    if (start.stop.aborted) {
      pipes.forEach(closeSync);
      start.stop.throwIfAborted();
    }
    const run = new ShellGitRun(start, pipes);
    this.#running.add(run);
    try {
      return await run.follow(this.#shell, program);
    } finally {
      this.#running.delete(run);
    }
  }

  /** Ends git processes that are still at work, and the shell. */
  dispose(): void {
    for (const run of this.#running) run.signal('SIGTERM');
    this.#shell.dispose();
    this.#pipes.dispose();
  }
}

/** One git process that the shell starts. */
class ShellGitRun {
  readonly #start: GitStart;
  readonly #stdout: KeptOutput;
  readonly #stderr: KeptOutput;
  readonly #drain: PipeDrain;
  readonly #input: Socket | undefined;
  /** As the process that is started names them. */
  readonly #paths: { readonly input: string; readonly output: string; readonly errors: string };
  #ready = false;
  #pid: number | undefined;
  #stopped = false;
  /** Null: nobody will ever know. */
  #exit: ((code: number | null) => void) | undefined;

  constructor(start: GitStart, [output = 0, errors = 0, input]: readonly number[]) {
    this.#start = start;
    this.#stdout = new KeptOutput(output, start.maxBytes, () => this.#stop());
    this.#stderr = new KeptOutput(errors, maxErrorBytes, () => undefined);
    this.#drain = new PipeDrain([this.#stdout.stream, this.#stderr.stream], start.onOutput);
    const own = `/proc/${process.pid}/fd`;
    const writing =
      input === undefined ? undefined : openSync(`${own}/${input}`, constants.O_WRONLY | constants.O_NONBLOCK);
    if (input !== undefined) closeSync(input);
    // Git need not read what it is told.
    this.#input =
      writing === undefined
        ? undefined
        : new Socket({ fd: writing, readable: false, writable: true }).on('error', () => undefined);
    this.#paths = {
      input: writing === undefined ? '/dev/null' : `${own}/${writing}`,
      output: `${own}/${output}`,
      errors: `${own}/${errors}`,
    };
  }

  async follow(shell: OrderShell, program: string): Promise<GitEnd | undefined> {
    const onStop = (): void => {
      this.#stopped = true;
      this.#stop();
    };
    this.#start.stop.addEventListener('abort', onStop);
    let over = (): void => undefined;
    const exitCode = await new Promise<number | null>(resolve => {
      this.#exit = resolve;
      over = shell.order(
        token => this.#order(token, program),
        words => this.#heard(words),
      );
    });
    over();
    this.#start.stop.removeEventListener('abort', onStop);
    // Whether it begins after all is not known: its pipes stay open, so that their numbers are nobody else's.
    if (exitCode === null && !this.#ready) return lost;
    if (!this.#ready) {
      this.#close();
      return undefined;
    }
    this.#drain.begin(this.#start.drainMs);
    const [stdout, stderr] = await Promise.all([this.#stdout.kept, this.#stderr.kept]);
    this.#close();
    return {
      ...(exitCode === null ? {} : { exitCode }),
      stdout,
      stderr,
      truncated: this.#stdout.truncated,
      stopped: this.#stopped,
    };
  }

  /** Sends a signal to git and all that it started. False when there is nothing left of it. */
  signal(signal: NodeJS.Signals): boolean {
    if (this.#pid === undefined) return true;
    // Until it has become a leader there is no such group.
    return send(-this.#pid, signal) || send(this.#pid, signal);
  }

  #heard(words: string | undefined): void {
    const [word, number] = words?.split(' ') ?? [];
    switch (word) {
      case 'ready':
        this.#ready = true;
        this.#input?.end(this.#start.input ?? '');
        break;
      case 'pid':
        this.#pid = Number(number);
        break;
      case 'exit':
        this.#exit?.(Number(number));
        return;
      default:
        // Without the shell nobody tells how it ends.
        this.signal('SIGKILL');
        this.#exit?.(null);
        return;
    }
    if (!this.#ready || this.#pid === undefined) return;
    this.#start.onStarted(this.#pid);
    if (this.#stopped) this.#stop();
  }

  #stop(): void {
    // What it wrote may be read before the line that says that it has begun: the line that says how it ended comes as well.
    if (!this.signal('SIGTERM') && this.#ready) this.#exit?.(null);
    // What survived git itself is in its group all the same.
    setTimeout(() => this.#pid !== undefined && send(-this.#pid, 'SIGKILL'), killDelayMs).unref();
  }

  #close(): void {
    for (const stream of [this.#stdout.stream, this.#stderr.stream, this.#input]) stream?.destroy();
  }

  /**
   * One line of shell. The inner subshell becomes git; the outer one waits for it and says how it ended, while the shell
   * itself takes the next order. A pipe is appended to, never truncated; `cd -P` because git believes PWD.
   */
  #order(token: string, program: string): string {
    const { input, output, errors } = this.#paths;
    const { args, cwd, variables } = this.#start;
    const set = Object.entries(variables).map(([name, value]) => `${name}=${shellWord(value)} `);
    const pipes = [output, errors].map(path => `[ -p ${path} ] && `);
    const connect = `${pipes.join('')}exec 3>&1 <${input} >>${output} 2>>${errors}`;
    const there = `cd -P ${shellWord(cwd)} && [ -x ${shellWord(program)} ]`;
    const git = `${set.join('')}exec ${[setsid, program, ...args].map(shellWord).join(' ')}`;
    const inner = `${connect} && ${there} || exit 127; unset OLDPWD; echo ${token} ready >&3 || exit 127; exec 3>&-; ${git}`;
    return `{ (${inner}) & echo ${token} pid $!; wait $!; echo ${token} exit $?; } 2>/dev/null &`;
  }
}

/** What a pipe brings, up to a limit. */
class KeptOutput {
  readonly stream: Socket;
  /** Everything, when the pipe is closed. */
  readonly kept: Promise<Uint8Array>;
  truncated = false;

  constructor(pipe: number, maxBytes: number, onFull: () => void) {
    this.stream = new Socket({ fd: pipe, readable: true, writable: false });
    const chunks: Uint8Array[] = [];
    let room = maxBytes;
    this.stream.on('data', (chunk: Buffer) => {
      if (this.truncated) return;
      chunks.push(chunk.subarray(0, room));
      room -= chunk.length;
      if (room >= 0) return;
      this.truncated = true;
      onFull();
    });
    this.stream.on('error', () => undefined);
    this.kept = new Promise(resolve => this.stream.on('close', () => resolve(new Uint8Array(Buffer.concat(chunks)))));
  }
}

const lost: GitEnd = {
  stdout: new Uint8Array(),
  stderr: new TextEncoder().encode('The shell that starts git has ended'),
  truncated: false,
  stopped: false,
};

/** What a shell cannot be told is left to the other way, which says what is wrong with it. */
function isSpeakable({ args, cwd, variables }: GitStart): boolean {
  return isAbsolute(cwd) && ![...args, cwd, ...Object.values(variables)].some(text => text.includes('\0'));
}

/** A program as an absolute path, if it is there. */
function absolute(binary: string, path: string): string | undefined {
  if (binary.includes('/')) return isAbsolute(binary) ? binary : undefined;
  const found = path.split(delimiter).map(folder => join(folder, binary));
  return found.find(file => existsSync(file));
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    // EPERM: it is there, and has become somebody else.
    return systemCode(error) === 'EPERM';
  }
}
