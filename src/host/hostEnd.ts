import type { DisposableStore } from '../base/lifecycle.js';
import type { Log } from '../base/log.js';

/** How often nothing is done while the host ends: only that there is a timer counts. */
const aliveMs = 60_000;

/**
 * How a host ends: serving → ending → closing → ended, each once and in this order.
 *
 * - `ending` (a signal, a call, idleness): no call gets in and no run is claimed; whoever comes now finds the next host.
 * - `closing`, a moment later, so that the answer to the call that asked for it goes out: streams end, resources are given back.
 * - `ended` settles when everything is given back. Agents keep running; the next host adopts them.
 */
export class HostEnd {
  readonly #resources: DisposableStore;
  readonly #log: Log;
  readonly #ending = new AbortController();
  readonly #closing = new AbortController();
  readonly #ended = Promise.withResolvers<void>();

  constructor(options: { readonly resources: DisposableStore; readonly log: Log }) {
    this.#resources = options.resources;
    this.#log = options.log;
  }

  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Begins to end; does nothing when that was asked before. */
  begin(reason: string): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#log.info('Ending', { reason });
    setImmediate(() => {
      this.#closing.abort();
      // What is waited for may hold no handle of its own, such as git behind a shell: without one the process would leave half way.
      const alive = setInterval(() => undefined, aliveMs);
      const disposed = this.#resources.dispose().finally(() => clearInterval(alive));
      disposed.then(this.#ended.resolve, this.#ended.reject);
    });
  }
}
