import { KernelMessage, type Kernel } from '@jupyterlab/services';
import type { Disposable } from '../../base/lifecycle.js';

/** What came of executing a cell. */
export type CellEnd =
  | { readonly kind: 'ok' | 'error' | 'aborted'; readonly count: number | undefined }
  /** The connection broke; the kernel goes on, and what it says is in the journal. */
  | { readonly kind: 'lost' }
  /** The kernel ended or was restarted. */
  | { readonly kind: 'gone' };

/** What a kernel says while it executes a cell, in Jupyter's words. */
export interface KernelSaying {
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface CellListener {
  readonly onSaying: (saying: KernelSaying) => void;
  /** The kernel waits for a line of text. Undefined: nobody answers; it goes on waiting. */
  readonly onInput?: (prompt: string, options: { readonly secret: boolean }) => Promise<string | undefined>;
}

/** One execution that is under way. */
export interface CellExecution extends Disposable {
  /** Names it in the journal. */
  readonly messageId: string;
  readonly end: Promise<CellEnd>;
}

/** A connection to one kernel of a guest server. */
export class GuestKernel implements Disposable {
  readonly #connection: Kernel.IKernelConnection;

  constructor(connection: Kernel.IKernelConnection) {
    this.#connection = connection;
  }

  get id(): string {
    return this.#connection.id;
  }

  /** Name of its kernel specification. */
  get name(): string {
    return this.#connection.name;
  }

  /** `idle`, `busy`, `restarting`, `dead` and what else Jupyter knows. */
  get status(): string {
    return this.#connection.status;
  }

  onDidChangeStatus(listener: (status: string) => void): Disposable {
    const changed = (_: unknown, status: string): void => listener(status);
    this.#connection.statusChanged.connect(changed);
    return { dispose: () => void this.#connection.statusChanged.disconnect(changed) };
  }

  /** Tells `connected`, `connecting`, `disconnected`. After a break it connects again by itself. */
  onDidChangeConnection(listener: (state: string) => void): Disposable {
    const changed = (_: unknown, state: string): void => listener(state);
    this.#connection.connectionStatusChanged.connect(changed);
    return { dispose: () => void this.#connection.connectionStatusChanged.disconnect(changed) };
  }

  /** Asks the kernel to execute a cell. Cells are executed one after the other, in the order in which they were asked for. */
  execute(code: string, listener: CellListener): CellExecution {
    const future = this.#connection.requestExecute(
      { code, silent: false, store_history: true, allow_stdin: listener.onInput !== undefined, stop_on_error: true },
      false,
    );
    const { promise, resolve } = Promise.withResolvers<CellEnd>();
    future.onIOPub = ({ header, content, metadata }) =>
      listener.onSaying({ type: header.msg_type, content: { ...content }, metadata: { ...metadata } });
    future.onStdin = async message => {
      if (!KernelMessage.isInputRequestMsg(message)) return;
      const { prompt, password } = message.content;
      const value = await listener.onInput?.(prompt, { secret: password });
      if (value !== undefined && !future.isDisposed) future.sendInputReply({ value, status: 'ok' }, message.header);
    };
    future.done.then(
      ({ content }) => resolve({ kind: kindOf(content.status), count: content.execution_count ?? undefined }),
      () => resolve({ kind: 'lost' }),
    );
    const broken = this.onDidChangeConnection(state => {
      if (state !== 'connected') resolve({ kind: 'lost' });
    });
    const ended = this.onDidChangeStatus(status => {
      if (isGone(status)) resolve({ kind: 'gone' });
    });
    const dispose = (): void => {
      void broken.dispose();
      void ended.dispose();
      if (!future.isDisposed) future.dispose();
    };
    void promise.then(dispose);
    return { messageId: future.msg.header.msg_id, end: promise, dispose };
  }

  /** Answers a question that came over the standard input channel of an execution begun by an earlier window. */
  onQuestion(listener: CellListener['onInput'] & object): Disposable {
    const heard = async (_: unknown, message: KernelMessage.IMessage): Promise<void> => {
      if (!KernelMessage.isInputRequestMsg(message)) return;
      const { prompt, password } = message.content;
      const value = await listener(prompt, { secret: password });
      if (value !== undefined) this.#connection.sendInputReply({ value, status: 'ok' }, message.header);
    };
    const receive = (sender: unknown, message: KernelMessage.IMessage): void => void heard(sender, message);
    this.#connection.unhandledMessage.connect(receive);
    return { dispose: () => void this.#connection.unhandledMessage.disconnect(receive) };
  }

  async interrupt(): Promise<void> {
    await this.#connection.interrupt();
  }

  async restart(): Promise<void> {
    await this.#connection.restart();
  }

  /** Completions at a place in the code. */
  async complete(code: string, offset: number): Promise<KernelMessage.ICompleteReplyMsg['content']> {
    return (await this.#connection.requestComplete({ code, cursor_pos: offset })).content;
  }

  /** What the kernel knows of the name at a place in the code. */
  async inspect(code: string, offset: number): Promise<KernelMessage.IInspectReplyMsg['content']> {
    return (await this.#connection.requestInspect({ code, cursor_pos: offset, detail_level: 0 })).content;
  }

  /** Lets go of the kernel, which goes on. */
  dispose(): void {
    this.#connection.dispose();
  }
}

/** True when what a kernel was executing will not be ended by it. */
export function isGone(status: string): boolean {
  return status === 'dead' || status === 'restarting' || status === 'autorestarting';
}

function kindOf(status: string): 'ok' | 'error' | 'aborted' {
  return status === 'ok' || status === 'error' ? status : 'aborted';
}
