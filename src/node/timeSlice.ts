import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

/** How long work may hold up everything else. */
const longestMs = 8;

/**
 * For work on many small files: a synchronous call takes a tenth of what handing it to a thread does, and the event loop
 * gets its turn every few milliseconds.
 */
export class TimeSlice {
  #since = performance.now();

  /** Lets others have their turn when this one has lasted long enough. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since < longestMs) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
