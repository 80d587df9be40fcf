import type { AttachExecRequest } from '../../../protocol/gen/agentcompose/v2/exec_pb.js';
import type { AttachAgentRunRequest } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import type { AttachTerminalSize } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import { invalid } from '../answers.js';

type Frame = AttachExecRequest['frame'] | AttachAgentRunRequest['frame'];

/** What a client says besides wanting an end and a size: what it started decides which of them anybody reads. */
export type Taken = 'input' | 'messages' | 'neither';

/** How the first frame is read. */
export interface Opening<S, F> {
  /** Undefined: it is another frame. */
  readonly startOf: (first: F) => S | undefined;
  readonly takenBy: (start: S) => Taken;
}

/**
 * Bytes that wait for whoever reads them. Frames come one after the other, so that what wants an end is heard only when those before it
 * have been taken: this is far more than a person types or a client sends ahead, and as much as each of them may hold of this memory.
 */
const mostWaiting = 8 * 1024 * 1024;
/** What a frame takes besides its contents. */
const frameCost = 64;

/**
 * The frames that a client sends to what it attached to, each for whoever waits for its kind. `cancelled` aborts when it wants an end:
 * it said so, or its connection is gone. Neither that nor a new size waits for anybody to read what was sent before.
 */
export class AttachInbox<S, F extends { readonly frame: Frame }> {
  readonly #frames: AsyncIterator<F>;
  readonly #opening: Opening<S, F>;
  readonly #cancelled = new AbortController();
  readonly #input: Uint8Array[] = [];
  readonly #messages: string[] = [];
  /** The latest; those before it say nothing any more. */
  #size: AttachTerminalSize | undefined;
  #taken: Taken = 'neither';
  #waiting = 0;
  #isInputOver = false;
  #isOver = false;
  #changed = Promise.withResolvers<void>();

  constructor(frames: AsyncIterable<F>, opening: Opening<S, F>, signal: AbortSignal) {
    this.#frames = frames[Symbol.asyncIterator]();
    this.#opening = opening;
    this.cancelled.addEventListener('abort', () => this.#tell(), { once: true });
    signal.addEventListener('abort', () => this.#cancelled.abort(), { once: true });
  }

  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** The first frame; the others are read from then on. Errors: `invalid_argument` when it is another one. */
  async start(): Promise<S> {
    const { startOf, takenBy } = this.#opening;
    const first = await this.#frames.next();
    const start = first.done === true ? undefined : startOf(first.value);
    if (start === undefined) throw invalid('The first frame has to be `start`.');
    this.#taken = takenBy(start);
    void this.#readOn();
    return start;
  }

  /** What comes of the standard input, until it has ended. */
  async *input(): AsyncGenerator<Uint8Array> {
    for (;;) {
      await this.#until(() => this.#input.length > 0 || this.#isInputOver);
      const data = this.#input.shift();
      if (data === undefined) return;
      this.#left(data.length);
      yield data;
    }
  }

  /** Each other size of the terminal, or the last of several. */
  async *sizes(): AsyncGenerator<AttachTerminalSize> {
    for (;;) {
      await this.#until(() => this.#size !== undefined);
      const size = this.#size;
      if (size === undefined) return;
      this.#size = undefined;
      yield size;
    }
  }

  /** What a person says next; undefined when nothing follows. */
  async message(): Promise<string | undefined> {
    await this.#until(() => this.#messages.length > 0);
    const message = this.#messages.shift();
    if (message !== undefined) this.#left(message.length);
    return message;
  }

  async #until(isThere: () => boolean): Promise<void> {
    while (!isThere() && !this.#isOver && !this.cancelled.aborted) await this.#changed.promise;
  }

  /** Everybody who waits looks again. */
  #tell(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }

  async #readOn(): Promise<void> {
    try {
      for (let next = await this.#frames.next(); next.done !== true; next = await this.#frames.next()) {
        this.#take(next.value.frame);
        this.#tell();
        await this.#untilRoom();
      }
    } catch {
      // The connection is gone: nobody waits for what was begun.
      this.#cancelled.abort();
    }
    this.#isInputOver = true;
    this.#isOver = true;
    this.#tell();
  }

  #take(frame: Frame): void {
    switch (frame.case) {
      case 'stdin':
        if (this.#isInputOver || this.#taken !== 'input' || frame.value.data.length === 0) return;
        this.#input.push(frame.value.data);
        this.#waiting += frameCost + frame.value.data.length;
        return;
      case 'resize':
        this.#size = frame.value.terminalSize ?? this.#size;
        return;
      case 'stdinEof':
        this.#isInputOver = true;
        return;
      case 'humanMessage':
        if (this.#taken !== 'messages') return;
        this.#messages.push(frame.value.text);
        this.#waiting += frameCost + frame.value.text.length;
        return;
      case 'signal':
      case 'cancel':
        this.#cancelled.abort();
        return;
      default:
      // A second `start`, or a frame of another version.
    }
  }

  /** Somebody reads it. */
  #left(length: number): void {
    this.#waiting -= frameCost + length;
    this.#tell();
  }

  /** Whoever sends faster than a command reads waits: nothing more is taken from the connection, whose end still ends the command. */
  async #untilRoom(): Promise<void> {
    while (this.#waiting >= mostWaiting && !this.cancelled.aborted) await this.#changed.promise;
  }
}
