import { errorMessage } from '../../base/errors.js';
import type { RunView } from '../../protocol/webview/threadView.js';
import { toTranscriptEntry, type TranscriptEntry } from '../../protocol/webview/transcriptView.js';
import type { ThreadPageServices } from './threadPageServices.js';

/** A message to a webview carries at most so many entries, so that painting starts before everything has arrived. */
const batchSize = 500;

/**
 * Reads the transcripts of a thread's runs, each entry once, in order per run. A read that fails goes on from where it
 * stopped with the next {@link sync}.
 */
export class TranscriptFollower {
  readonly #read: ThreadPageServices['readTranscript'];
  readonly #onEntries: (runId: string, entries: readonly TranscriptEntry[]) => void;
  readonly #onFailed: (message: string) => void;
  readonly #signal: AbortSignal;
  readonly #cursors = new Map<string, bigint>();
  readonly #complete = new Set<string>();
  readonly #reading = new Map<string, Promise<void>>();

  constructor(options: {
    readonly read: ThreadPageServices['readTranscript'];
    readonly onEntries: (runId: string, entries: readonly TranscriptEntry[]) => void;
    readonly onFailed: (message: string) => void;
    readonly signal: AbortSignal;
  }) {
    this.#read = options.read;
    this.#onEntries = options.onEntries;
    this.#onFailed = options.onFailed;
    this.#signal = options.signal;
  }

  /** Reads everything that exists now, newest run first: that is what the page shows at its end. */
  async readBacklog(runs: readonly RunView[]): Promise<void> {
    for (const run of runs.toReversed()) {
      if (this.#signal.aborted) return;
      await this.#start(run, { follow: false });
    }
  }

  /** Follows every run that is active, and reads the rest of those that ended meanwhile. */
  sync(runs: readonly RunView[]): void {
    for (const run of runs) void this.#start(run, { follow: isRunning(run.status) });
  }

  #start(run: RunView, { follow }: { readonly follow: boolean }): Promise<void> {
    if (this.#signal.aborted || this.#complete.has(run.id) || run.status === 'queued') return Promise.resolve();
    const current = this.#reading.get(run.id);
    if (current) return current;
    const reading = this.#readRun(run, follow).finally(() => this.#reading.delete(run.id));
    this.#reading.set(run.id, reading);
    return reading;
  }

  async #readRun(run: RunView, follow: boolean): Promise<void> {
    try {
      const from = this.#cursors.get(run.id) ?? 0n;
      for await (const response of this.#read({ runId: run.id, from, follow }, this.#signal)) {
        if (this.#signal.aborted) return;
        const entries: TranscriptEntry[] = [];
        for (const item of response.items) {
          const entry = toTranscriptEntry(item);
          if (entry) entries.push(entry);
          this.#cursors.set(run.id, item.end);
        }
        for (let i = 0; i < entries.length; i += batchSize) this.#onEntries(run.id, entries.slice(i, i + batchSize));
      }
      if (follow || !isRunning(run.status)) this.#complete.add(run.id);
    } catch (error) {
      if (!this.#signal.aborted) this.#onFailed(errorMessage(error));
    }
  }
}

function isRunning(status: string): boolean {
  return status === 'starting' || status === 'running' || status === 'waiting';
}
