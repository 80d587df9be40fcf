import { deferred, untilAborted } from '../../base/async.js';
import { AppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Store } from '../store.js';
import { isRunEnded } from './run.js';

/** What a command's standard input is, when somebody gives it to the command while it runs. */
export interface CommandInput {
  /** The command runs in a terminal of this size; missing: in none. */
  readonly terminal?: TerminalSize;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Where the input of a command goes. */
export interface InputSink {
  /** Resolves when it was taken, or when nobody will ever read it. */
  write(data: Uint8Array): Promise<void>;
  resize(size: TerminalSize): void;
  /** Nothing more comes; what was written is read all the same. */
  end(): void;
  /** The run is over. */
  close(): void;
}

/** Port: pipes into the command of a run, in its directory. Implemented by `drivers/process`. */
export interface RunInputPipes {
  /**
   * Makes them, open at this end, before the command starts. While this process lives the command finds its input open; when it dies
   * the input ends. Errors: `state.unwritable`, `request.invalid` where the system has no such pipes.
   */
  make(run: RunId): Promise<InputSink>;
}

/**
 * The inputs of commands that somebody is attached to, in this host's memory: whoever is attached to is gone with the host.
 *
 * An input: expected (the run was dispatched) → connected (its pipes are there) → ended by whoever gives it, or left with its run.
 */
export class LiveInputs {
  readonly #pipes: RunInputPipes;
  readonly #inputs = new Map<RunId, LiveInput>();

  constructor(pipes: RunInputPipes) {
    this.#pipes = pipes;
  }

  /** Somebody will give the run its input. */
  expect(run: RunId, input: CommandInput): void {
    if (!this.#inputs.has(run)) this.#inputs.set(run, new LiveInput(input));
  }

  of(run: RunId): LiveInput | undefined {
    return this.#inputs.get(run);
  }

  /** The pipes of the run's directory, which is there. Errors: those of {@link RunInputPipes.make}. */
  async connect(run: RunId): Promise<void> {
    const input = this.#inputs.get(run);
    if (!input) return;
    const sink = await this.#pipes.make(run);
    // Whoever ended the run meanwhile could not close what was not there yet.
    if (this.#inputs.get(run) === input) input.connect(sink);
    else sink.close();
  }

  /** Ends the input of every run that ends, also of one that never began: whoever cancels it need not know that it has one. */
  follow({ onDidCommit }: Pick<Store<unknown>, 'onDidCommit'>): Disposable {
    return onDidCommit(events => {
      if (this.#inputs.size === 0) return;
      for (const { event } of events)
        if (event.kind === 'run_changed' && isRunEnded(event.status)) this.leave(event.runId);
    });
  }

  /** Its run is over. */
  leave(run: RunId): void {
    this.#inputs.get(run)?.close();
    this.#inputs.delete(run);
  }
}

/** The input of one command. What is written before it is connected waits. */
export class LiveInput {
  readonly terminal: TerminalSize | undefined;
  readonly #sink = deferred<InputSink>();

  constructor({ terminal }: CommandInput) {
    this.terminal = terminal;
  }

  connect(sink: InputSink): void {
    this.#sink.resolve(sink);
  }

  /** Resolves when all of it was taken. Rejects with the signal's reason. */
  async give(
    { data, size, end }: { readonly data: Uint8Array; readonly size?: TerminalSize; readonly end: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const sink = await untilAborted(this.#sink.promise, signal);
    if (size) sink.resize(size);
    if (data.length > 0) await untilAborted(sink.write(data), signal);
    if (end) sink.end();
  }

  /** Everything, when it has ended: for places that no pipe leads into. Errors: `request.invalid` for too much. */
  async whole(signal: AbortSignal): Promise<Uint8Array> {
    const whole = new WholeInput();
    this.connect(whole);
    return await untilAborted(whole.ended, signal);
  }

  close(): void {
    // Whoever still waits to be connected is told nothing: nobody reads any more.
    this.connect(nowhere);
    void this.#sink.promise.then(sink => sink.close());
  }
}

const nowhere: InputSink = {
  write: async () => undefined,
  resize: () => undefined,
  end: () => undefined,
  close: () => undefined,
};

/** It becomes part of a script, which is stored. */
const longestWhole = 1024 * 1024;

class WholeInput implements InputSink {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  readonly #ended = deferred<Uint8Array>();

  get ended(): Promise<Uint8Array> {
    return this.#ended.promise;
  }

  async write(data: Uint8Array): Promise<void> {
    this.#length += data.length;
    if (this.#length > longestWhole) this.#ended.reject(tooLong());
    else this.#pieces.push(data);
  }

  resize(): void {
    // There is no terminal.
  }

  end(): void {
    if (this.#length > longestWhole) return;
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#ended.resolve(whole);
  }

  close(): void {
    this.end();
  }
}

function tooLong(): AppError<'request.invalid'> {
  const reason = `more than ${longestWhole} bytes`;
  const message = `The input of this command has to be read to its end before it starts, and is too long for that: ${reason}.`;
  return new AppError('request.invalid', message, { field: 'input', reason });
}
