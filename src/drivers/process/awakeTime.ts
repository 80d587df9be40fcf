/** How often a sleeper looks at the clock where the platform's monotonic time goes on during suspend. */
export const heartbeatMs = 10_000;

/** Beyond this, the gap between two looks was a sleeping machine and not a late timer. */
const longestGapMs = 3 * heartbeatMs;

/** Turns a monotonic time that counts suspend into one that does not, given that someone looks every {@link heartbeatMs}. */
export class AwakeTime {
  #last: number;
  #awake = 0;

  constructor(start: number) {
    this.#last = start;
  }

  /** Milliseconds awake so far. `monotonic` never goes back. */
  observe(monotonic: number): number {
    const gap = monotonic - this.#last;
    this.#last = monotonic;
    this.#awake += gap > longestGapMs ? heartbeatMs : gap;
    return this.#awake;
  }
}
