import type { AttachExecRequest } from '../../../protocol/gen/agentcompose/v2/exec_pb.js';
import type { AttachAgentRunRequest } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import type { AttachTerminalSize } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import { invalid } from '../answers.js';

type Frame = AttachExecRequest['frame'] | AttachAgentRunRequest['frame'];

/** Of the standard input: bytes, or another size of the terminal. */
export type Piece =
  { readonly data: Uint8Array; readonly size?: never } | { readonly size: AttachTerminalSize; readonly data?: never };

/** Pieces that wait for a command to read them. */
const mostPieces = 64;

/**
 * The frames that a client sends to what it attached to, each for whoever waits for its kind. `cancelled` aborts when it wants an end:
 * it said so, or its connection is gone.
 */
export class AttachInbox<S, F extends { readonly frame: Frame }> {
  readonly #frames: AsyncIterator<F>;
  readonly #startOf: (first: F) => S | undefined;
  readonly #cancelled = new AbortController();
  readonly #input: Piece[] = [];
  readonly #messages: string[] = [];
  #isInputOver = false;
  #isOver = false;
  #wake = Promise.withResolvers<void>();
  #room = Promise.withResolvers<void>();

  constructor(frames: AsyncIterable<F>, startOf: (first: F) => S | undefined, signal: AbortSignal) {
    this.#frames = frames[Symbol.asyncIterator]();
    this.#startOf = startOf;
    const onCancelled = (): void => {
      this.#wake.resolve();
      this.#room.resolve();
    };
    this.cancelled.addEventListener('abort', onCancelled, { once: true });
    signal.addEventListener('abort', () => this.#cancelled.abort(), { once: true });
  }

  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** The first frame; the others are read from then on. Errors: `invalid_argument` when it is another one. */
  async start(): Promise<S> {
    const first = await this.#frames.next();
    const start = first.done === true ? undefined : this.#startOf(first.value);
    if (start === undefined) throw invalid('The first frame has to be `start`.');
    void this.#readOn();
    return start;
  }

  /** What comes of the standard input, until it has ended. */
  async *input(): AsyncGenerator<Piece> {
    for (;;) {
      await this.#until(() => this.#input.length > 0 || this.#isInputOver);
      const piece = this.#input.shift();
      if (piece === undefined) return;
      this.#room.resolve();
      yield piece;
    }
  }

  /** What a person says next; undefined when nothing follows. */
  async message(): Promise<string | undefined> {
    await this.#until(() => this.#messages.length > 0);
    return this.#messages.shift();
  }

  async #until(isThere: () => boolean): Promise<void> {
    while (!isThere() && !this.#isOver && !this.cancelled.aborted) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  async #readOn(): Promise<void> {
    try {
      for (let next = await this.#frames.next(); next.done !== true; next = await this.#frames.next()) {
        this.#take(next.value.frame);
        this.#wake.resolve();
        await this.#untilRoom();
      }
    } catch {
      // The connection is gone: nobody waits for what was begun.
      this.#cancelled.abort();
    }
    this.#isInputOver = true;
    this.#isOver = true;
    this.#wake.resolve();
  }

  #take(frame: Frame): void {
    switch (frame.case) {
      case 'stdin':
        if (!this.#isInputOver) this.#input.push({ data: frame.value.data });
        return;
      case 'resize':
        if (frame.value.terminalSize) this.#input.push({ size: frame.value.terminalSize });
        return;
      case 'stdinEof':
        this.#isInputOver = true;
        return;
      case 'humanMessage':
        this.#messages.push(frame.value.text);
        return;
      case 'signal':
      case 'cancel':
        this.#cancelled.abort();
        return;
      default:
      // A second `start`, or a frame of another version.
    }
  }

  /** Whoever sends faster than a command reads waits: nothing more is taken from the connection, whose end still ends the command. */
  async #untilRoom(): Promise<void> {
    while (this.#input.length >= mostPieces && !this.cancelled.aborted) {
      this.#room = Promise.withResolvers();
      await this.#room.promise;
    }
  }
}
