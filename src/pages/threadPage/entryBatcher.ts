import type { Disposable } from '../../base/lifecycle.js';
import type { TranscriptEntry } from '../../protocol/webview/transcriptView.js';

/** Two frames: short enough to look live, long enough that 200 lines a second are 30 messages. */
const delayMs = 32;
/** So many entries go at once, so that painting starts before a long transcript has arrived. */
const maxBatch = 500;

/** Gathers entries that arrive one by one into few messages, in order per run. */
export class EntryBatcher implements Disposable {
  readonly #send: (runId: string, entries: readonly TranscriptEntry[]) => void;
  readonly #waiting = new Map<string, TranscriptEntry[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (runId: string, entries: readonly TranscriptEntry[]) => void) {
    this.#send = send;
  }

  add(runId: string, entries: readonly TranscriptEntry[]): void {
    const waiting = this.#waiting.get(runId);
    if (waiting) waiting.push(...entries);
    else this.#waiting.set(runId, [...entries]);
    if ((waiting?.length ?? entries.length) >= maxBatch) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), delayMs);
  }

  /** Sends what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [runId, entries] of waiting) this.#send(runId, entries);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }
}
