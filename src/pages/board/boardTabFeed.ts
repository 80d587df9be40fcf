import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import { isFilledTab, type BoardTab } from '../../protocol/webview/boardTabs/boardTab.js';
import type { ToBoard } from '../../protocol/webview/boardMessages.js';
import type { BoardTabSources } from './boardTabSource.js';

/** Changes within so short a time are read at once. */
const delayMs = 200;

/** Keeps the tab in front up to date: one read at a time, and another one when something changed meanwhile. */
export class BoardTabFeed implements Disposable {
  readonly #sources: BoardTabSources;
  readonly #online: () => boolean;
  readonly #post: (message: ToBoard) => void;
  #tab: BoardTab = 'board';
  #reading: AbortController | undefined;
  #again = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: {
    readonly sources: BoardTabSources;
    /** Nothing is read while no host answers: looking at a tab starts none. */
    readonly online: () => boolean;
    readonly post: (message: ToBoard) => void;
  }) {
    this.#sources = options.sources;
    this.#online = options.online;
    this.#post = options.post;
  }

  /** That tab is in front. */
  show(tab: BoardTab): void {
    this.dispose();
    this.#tab = tab;
    this.#read();
  }

  /** Something happened that may change what the tab shows. */
  changed(): void {
    if (!isFilledTab(this.#tab)) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#read();
    }, delayMs);
  }

  /** Nobody looks any more, until a tab is shown again. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#again = false;
    this.#reading?.abort();
    this.#reading = undefined;
    this.#tab = 'board';
  }

  #read(): void {
    if (!isFilledTab(this.#tab) || !this.#online()) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    const reading = new AbortController();
    this.#reading = reading;
    this.#sources[this.#tab]
      .read(reading.signal)
      .then(
        content => {
          if (!reading.signal.aborted) this.#post({ type: 'tab', content });
        },
        (error: unknown) => {
          if (!reading.signal.aborted) this.#post({ type: 'failed', message: errorMessage(error) });
        },
      )
      .finally(() => {
        if (this.#reading !== reading) return;
        this.#reading = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.changed();
      });
  }
}
