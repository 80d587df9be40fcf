import type { RunId } from '../../base/ids.js';

/** Port: reads what a run writes. Implemented by `drivers/process`. */
export interface RunOutput {
  /**
   * Calls `onLines` with complete lines of `stdout.ndjson` from byte `from` on, as they appear, in order, in batches that
   * yield to the event loop. Resolves when `until` is aborted *and* everything written before that was handed over
   * (an unfinished last line included). Memory stays bounded whatever the agent writes.
   */
  tail(run: RunId, options: TailOptions): Promise<void>;
}

export interface TailOptions {
  readonly from: number;
  readonly onLines: (lines: readonly OutputLine[]) => void;
  readonly until: AbortSignal;
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
