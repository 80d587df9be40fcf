import type { ToBoard } from '../../src/protocol/webview/boardMessages.js';
import type { ToThreadPage } from '../../src/protocol/webview/threadPageMessages.js';
import type { ThreadView } from '../../src/protocol/webview/threadView.js';
import { connectNextThrough } from '../shared/messagePort.js';

/** One page's connection to its model, both in this document. */
export class PageChannel {
  readonly #key: string;
  readonly #receive: (message: unknown) => void;
  #listener: ((message: unknown) => void) | undefined;
  #isOver = false;

  /** `key`: under which the page keeps its state in this tab. */
  constructor({ key, receive }: { readonly key: string; readonly receive: (message: unknown) => void }) {
    this.#key = `muster ${key}`;
    this.#receive = receive;
  }

  /** Makes the page's element; it is connected to nobody else. */
  open(element: string): HTMLElement {
    connectNextThrough({
      listen: listener => (this.#listener = listener),
      // Not at once: an element must not be answered while it is being made.
      postMessage: message =>
        queueMicrotask(() => {
          if (!this.#isOver) this.#receive(message);
        }),
      getState: () => readState(this.#key),
      setState: state => keepState(this.#key, state),
    });
    return document.createElement(element);
  }

  post(message: ToBoard | ToThreadPage): void {
    if (!this.#isOver) this.#listener?.(inBrowser(message));
  }

  /** Nothing arrives any more. */
  close(): void {
    this.#isOver = true;
  }
}

/** What needs an editor on the host's machine is not offered here. */
function inBrowser(message: ToBoard | ToThreadPage): ToBoard | ToThreadPage {
  switch (message.type) {
    case 'snapshot':
      return { ...message, threads: message.threads.map(marked) };
    case 'changes':
      return { ...message, threads: message.threads.map(marked) };
    case 'thread':
      return { ...message, thread: marked(message.thread) };
    default:
      return message;
  }
}

function marked(thread: ThreadView): ThreadView {
  return { ...thread, inBrowser: true };
}

function readState(key: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null') ?? undefined;
  } catch {
    // Not ours, or of another Muster: the page begins anew.
    return undefined;
  }
}

/** It is a convenience: a browser that keeps nothing, or no more, loses only that. */
function keepState(key: string, state: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(state));
  } catch {
    sessionStorage.removeItem(key);
  }
}
