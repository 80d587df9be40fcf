import { errorMessage } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { UnderWay } from '../../base/underWay.js';

/** Runs elsewhere whose ends somebody waits for, in the background. */
export class FollowedRuns implements Disposable {
  readonly #log: Log;
  readonly #following = new UnderWay<RunId>();
  readonly #ending = new AbortController();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Aborted when this host leaves. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  has(run: RunId): boolean {
    return this.#following.has(run);
  }

  /** Resolves when what the run left is here, or never will be. */
  async over(run: RunId): Promise<void> {
    await this.#following.over(run);
  }

  /** Follows it, unless somebody does. */
  begin(run: RunId, follow: () => Promise<void>): void {
    if (this.#following.has(run)) return;
    void this.#following.run(run, follow).catch((error: unknown) => {
      if (this.#ending.signal.aborted) return;
      this.#log.error('What a run elsewhere came to could not be fetched', { run, reason: errorMessage(error) });
    });
  }

  dispose(): void {
    this.#ending.abort();
  }
}
