import { appendFile, rename, stat } from 'node:fs/promises';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Redactor } from '../../base/redactor.js';
import type { TokenCounts } from '../../core/models/tokenCounts.js';

/** Of each side of a call; the rest is not written. */
export const keptBytes = 64 * 1024;
/** Then the file begins anew, and the one before is kept. */
const maxFileBytes = 50 * 1024 * 1024;

/** A call as it is written down. */
export interface LoggedCall {
  readonly run: string;
  readonly upstream: string;
  readonly protocol: string;
  readonly model: string;
  readonly status: number;
  readonly totalMs: number;
  readonly tokens: TokenCounts;
  /** What was asked and answered, as far as it is kept. */
  readonly request: Buffer;
  readonly answer: Buffer;
}

/**
 * Every call with what was said, one line of JSON each, without secrets that this host knows; only where a person switched it on
 * (`log_calls` of `models.json`). Readable by its user alone.
 */
export class CallLog {
  readonly #file: string;
  readonly #redactor: Redactor;
  readonly #log: Log;
  readonly #now: () => number;
  /** Resolves when everything so far is written. Never rejects. */
  #writing: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly file: string;
    readonly redactor: Redactor;
    readonly log: Log;
    readonly now: () => number;
  }) {
    this.#file = options.file;
    this.#redactor = options.redactor;
    this.#log = options.log;
    this.#now = options.now;
  }

  write({ request, answer, ...facts }: LoggedCall): void {
    const said = { request: textOf(request), answer: textOf(answer) };
    const line = JSON.stringify({ at: new Date(this.#now()).toISOString(), ...facts, ...said });
    this.#writing = this.#writing.then(() => this.#append(`${this.#redactor.redact(line)}\n`));
  }

  /** Resolves when everything so far is written. */
  async dispose(): Promise<void> {
    await this.#writing;
  }

  async #append(line: string): Promise<void> {
    try {
      const size = await stat(this.#file).then(
        found => found.size,
        () => 0,
      );
      if (size > maxFileBytes) await rename(this.#file, `${this.#file}.1`);
      await appendFile(this.#file, line, { mode: 0o600 });
    } catch (error) {
      this.#log.warn('A call of a model could not be logged', { reason: errorMessage(error) });
    }
  }
}

function textOf(bytes: Buffer): string {
  return bytes.subarray(0, keptBytes).toString('utf8');
}
