import { deferred } from '../../base/async.js';
import type { RunId } from '../../base/ids.js';
import type { OutputLine, RunOutput } from '../../core/runs/runOutput.js';

/** Characters that may wait for a slow reader, besides what the tail hands over at once. */
const maxWaiting = 1_000_000;

export interface LineRequest {
  readonly run: RunId;
  /** A line's `end`, or 0. */
  readonly from: number;
  /** The writer has ended. */
  readonly until: AbortSignal;
  /** The reader has left. */
  readonly signal: AbortSignal;
}

/**
 * A run's lines as its reader takes them: what appears meanwhile gathers, and the tail pauses when that becomes much. Leaving
 * the loop ends the tail. Errors of the tail reach the reader after the lines before it.
 */
export async function* pulledLines(output: RunOutput, request: LineRequest): AsyncGenerator<readonly OutputLine[]> {
  for (let { from } = request; ;) {
    const stretch = new Stretch(output, { ...request, from });
    try {
      for (let lines = await stretch.next(); lines; lines = await stretch.next()) {
        from = lines.at(-1)?.end ?? from;
        yield lines;
      }
    } finally {
      stretch.stop();
    }
    if ((await stretch.over) === 'drained' || request.signal.aborted) return;
  }
}

/** One tail, until it is drained, fails, or has run too far ahead of its reader. */
class Stretch {
  readonly over: Promise<'drained' | 'stopped'>;
  readonly #pause = new AbortController();
  #gathered: OutputLine[] = [];
  #waiting = 0;
  #wake = deferred<void>();
  #isOver = false;

  constructor(output: RunOutput, { run, from, until, signal }: LineRequest) {
    const stop = AbortSignal.any([signal, this.#pause.signal]);
    const onLines = (lines: readonly OutputLine[]): void => this.#gather(lines);
    this.over = output.tail(run, { from, until, signal: stop, onLines }).finally(() => {
      this.#isOver = true;
      this.#wake.resolve();
    });
    // Awaited by the reader; an error while it is busy elsewhere must not count as unhandled.
    this.over.catch(() => undefined);
  }

  /** What has gathered, as soon as there is something; `undefined` when nothing more comes. */
  async next(): Promise<readonly OutputLine[] | undefined> {
    while (this.#gathered.length === 0) {
      if (this.#isOver) return undefined;
      await this.#wake.promise;
      if (!this.#isOver) this.#wake = deferred();
    }
    const lines = this.#gathered;
    this.#gathered = [];
    this.#waiting = 0;
    return lines;
  }

  stop(): void {
    this.#pause.abort();
  }

  #gather(lines: readonly OutputLine[]): void {
    for (const line of lines) {
      this.#gathered.push(line);
      this.#waiting += line.text.length;
    }
    if (this.#waiting > maxWaiting) this.stop();
    this.#wake.resolve();
  }
}
