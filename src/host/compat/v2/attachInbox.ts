import type { AttachExecRequest } from '../../../protocol/gen/agentcompose/v2/exec_pb.js';
import type { AttachAgentRunRequest } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import { ConnectError, Code } from '@connectrpc/connect';
import { invalid } from '../answers.js';

type Frame = AttachExecRequest['frame'] | AttachAgentRunRequest['frame'];

/** What a client may send before the command that reads it begins. */
const longestInput = 1024 * 1024;

/**
 * The frames that a client sends to what it attached to, each for whoever waits for its kind. `cancelled` aborts when it wants an end:
 * it said so, or its connection is gone.
 */
export class AttachInbox<S, F extends { readonly frame: Frame }> {
  readonly #frames: AsyncIterator<F>;
  readonly #startOf: (first: F) => S | undefined;
  readonly #cancelled = new AbortController();
  readonly #input: Uint8Array[] = [];
  #inputLength = 0;
  readonly #messages: string[] = [];
  #isInputOver = false;
  #isOver = false;
  #wake = Promise.withResolvers<void>();

  constructor(frames: AsyncIterable<F>, startOf: (first: F) => S | undefined, signal: AbortSignal) {
    this.#frames = frames[Symbol.asyncIterator]();
    this.#startOf = startOf;
    this.cancelled.addEventListener('abort', () => this.#wake.resolve(), { once: true });
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

  /** Everything of the standard input, when it has ended. Errors: `resource_exhausted`. */
  async input(): Promise<Uint8Array> {
    await this.#until(() => this.#isInputOver);
    if (this.#inputLength > longestInput)
      throw new ConnectError(`Standard input is limited to ${longestInput} bytes.`, Code.ResourceExhausted);
    return Buffer.concat(this.#input);
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
        this.#inputLength += frame.value.data.length;
        if (this.#inputLength <= longestInput) this.#input.push(frame.value.data);
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
      // `resize`: there is no terminal.
    }
  }
}
