import type { Readable } from 'node:stream';

/** A git process to be started, wherever it comes from. */
export interface GitStart {
  readonly args: readonly string[];
  readonly cwd: string;
  /** On top of the environment that all git processes have. */
  readonly variables: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
  /** Standard output beyond it is dropped and git ended. */
  readonly maxBytes: number;
  /** How long pipes may be quiet after git's end before nobody waits for them. */
  readonly drainMs: number;
  /** Ends git with all that it started, politely first. */
  readonly stop: AbortSignal;
  readonly onStarted: (pid: number) => void;
  /** Hears of each piece of output. */
  readonly onOutput: () => void;
}

/** How a git process ended. */
export interface GitEnd {
  /** Missing when a signal ended it, or when it could not be started. */
  readonly exitCode?: number | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** True when `maxBytes` cut the output. */
  readonly truncated: boolean;
  /** True when it was ended because of `stop`. */
  readonly stopped: boolean;
  /** What the system said instead of starting it. */
  readonly failure?: { readonly missing: boolean; readonly message: string };
}

/** What standard error may fill in memory: only its end is ever shown. */
export const maxErrorBytes = 4 * 1024 * 1024;
/** Between the polite end and the other one. */
export const killDelayMs = 5_000;

/**
 * Lets output that is still in the pipes arrive after git's end, then stops waiting for whoever else holds them: what a hook
 * or filter left in the background inherited them, and may live for ever.
 */
export class PipeDrain {
  readonly #streams: readonly Readable[];
  #heard = true;

  constructor(streams: readonly Readable[], onOutput: () => void) {
    this.#streams = streams;
    for (const stream of streams)
      stream.on('data', () => {
        this.#heard = true;
        onOutput();
      });
  }

  /** Git has ended: the pipes are closed when nothing came for `graceMs`. */
  begin(graceMs: number): void {
    const timer = setInterval(() => {
      if (!this.#heard || this.#streams.every(stream => stream.closed)) {
        clearInterval(timer);
        for (const stream of this.#streams) stream.destroy();
      }
      this.#heard = false;
    }, graceMs).unref();
  }
}
