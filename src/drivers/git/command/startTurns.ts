import { setImmediate } from 'node:timers/promises';

/** Starting a process holds the event loop up for some milliseconds, so that never two start in one turn of it. */
export class StartTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves in a turn of the event loop that nobody else was given. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => setImmediate());
    return this.#last;
  }
}
