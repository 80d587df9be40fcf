import { deferred } from '../../base/async.js';
import type { Run } from '../runs/run.js';

/**
 * Keeps a workflow to the output tokens that it may use. What an agent costs is known when it has ended, so each one at work counts as
 * much as the dearest so far: where that leaves nothing, the next waits until one has ended. Only those that begin before any has
 * ended can go over, which nobody can know.
 */
export class WorkflowBudget {
  readonly #total: number;
  readonly #spent: () => number;
  #atWork = 0;
  #dearest = 0;
  #oneEnded = deferred<void>();

  constructor(total: number, spent: () => number) {
    this.#total = total;
    this.#spent = spent;
  }

  /** Throws when there is nothing left. */
  async run<T extends { readonly run: Run }>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#takeRoom(signal);
    try {
      const done = await work();
      this.#dearest = Math.max(this.#dearest, tokensOf(done.run));
      return done;
    } finally {
      this.#atWork--;
      this.#oneEnded.resolve();
      this.#oneEnded = deferred();
    }
  }

  /** Looking and taking are one step: others ask at the same time. */
  async #takeRoom(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const spent = this.#spent();
      if (spent >= this.#total)
        throw new Error(`The workflow has used its budget: ${spent} of ${this.#total} output tokens.`);
      if (this.#atWork === 0 || spent + (this.#atWork + 1) * this.#dearest <= this.#total) break;
      await this.#oneEnded.promise;
    }
    this.#atWork++;
  }
}

/** As the store counts them: an agent that does not say has used about a token for four characters. */
function tokensOf({ outputTokens, answer = '' }: Run): number {
  return outputTokens ?? Math.floor(answer.length / 4);
}
