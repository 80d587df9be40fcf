import type { RunId } from '../../base/ids.js';

/** Port: reads what a run writes. Implemented by `drivers/process`. */
export interface RunOutput {
  /**
   * Calls `onLines` with complete lines of `stdout.ndjson` from byte `from` on, as they appear, in order, in batches that
   * yield to the event loop; what the run was given in secret is hidden in them. Memory stays bounded whatever the agent writes. Ends in one of two ways:
   * - `drained`: `until` was aborted and everything written before that was handed over, an unfinished last line included;
   * - `stopped`: `signal` was aborted. Nothing more is handed over: an unfinished line belongs to whoever tails next.
   */
  tail(run: RunId, options: TailOptions): Promise<'drained' | 'stopped'>;
}

export interface TailOptions {
  /** A line's `end`, or 0. */
  readonly from: number;
  readonly onLines: (lines: readonly OutputLine[]) => void;
  /** The writer has ended. */
  readonly until: AbortSignal;
  /** The reader leaves while the writer goes on. */
  readonly signal: AbortSignal;
}

export interface OutputLine {
  /** Without its newline; invalid UTF-8 becomes U+FFFD. At most {@link maxLineLength} bytes: the rest is cut. */
  readonly text: string;
  readonly truncated: boolean;
  /** Byte offset just after this line's newline: where tailing goes on. */
  readonly end: number;
}

/** Lines above 4 MiB are cut; the file keeps them whole. */
export const maxLineLength = 4 * 1024 * 1024;
