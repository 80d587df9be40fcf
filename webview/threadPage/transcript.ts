import type { TranscriptEntry } from '../../src/protocol/webview/transcriptView.js';
import { RowBuilder, type RunRows } from './transcriptRows.js';

/**
 * What one run said and did so far. A value: appending answers another one, which shares all that was there before, and the
 * rows that were made of it. So a batch costs what it holds, however long the run has been talking.
 */
export class Transcript {
  static readonly empty = new Transcript({ entries: [], builder: new RowBuilder(), built: 0 }, 0);

  readonly length: number;
  readonly #log: Log;

  private constructor(log: Log, length: number) {
    this.#log = log;
    this.length = length;
  }

  static of(entries: readonly TranscriptEntry[]): Transcript {
    return Transcript.empty.append(entries);
  }

  append(entries: readonly TranscriptEntry[]): Transcript {
    const log = this.length > 0 && this.#isNewest ? this.#log : freshLog(this.slice(0, this.length));
    // Not spread: a call takes only so many arguments.
    for (const entry of entries) log.entries.push(entry);
    return new Transcript(log, log.entries.length);
  }

  /** From `start` up to, and without, `end`. */
  slice(start: number, end: number): readonly TranscriptEntry[] {
    return this.#log.entries.slice(start, Math.min(end, this.length));
  }

  /** The last ones, at most so many. */
  last(count: number): readonly TranscriptEntry[] {
    return this.slice(Math.max(0, this.length - count), this.length);
  }

  /** What it looks like. Of an earlier value they are made anew. */
  get rows(): RunRows {
    if (!this.#isNewest) return Transcript.of(this.slice(0, this.length)).rows;
    const log = this.#log;
    for (; log.built < this.length; log.built++) {
      const entry = log.entries[log.built];
      if (entry) log.builder.add(entry, log.built);
    }
    return log.builder;
  }

  get #isNewest(): boolean {
    return this.#log.entries.length === this.length;
  }
}

/** Entries in one array that only grows, and the rows of the first `built` of them. */
interface Log {
  readonly entries: TranscriptEntry[];
  readonly builder: RowBuilder;
  built: number;
}

function freshLog(entries: readonly TranscriptEntry[]): Log {
  return { entries: [...entries], builder: new RowBuilder(), built: 0 };
}
