/** How long reading output may keep the event loop from everything else, per turn. */
const turnMs = 4;

/** Someone with output to read. */
export interface PumpSource {
  /** Reads and hands over one slice. `more`: call again soon. */
  step(): 'more' | 'idle';
}

/**
 * Reads the output of all runs in turns: one slice of each source that has something, round and round, a few milliseconds at a
 * time. A run that floods delays the others by a slice and the host by a turn, however many flood at once.
 */
export class OutputPump {
  readonly #ready = new Set<PumpSource>();
  #scheduled = false;

  /** Asks for `step` to be called soon. */
  wake(source: PumpSource): void {
    this.#ready.add(source);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Runs after the I/O callbacks of this turn, so that many notifications for one run make one read.
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const until = performance.now() + turnMs;
    for (const source of this.#ready) {
      if (performance.now() > until) break;
      this.#ready.delete(source);
      // Added again at the end of the set: the loop comes back to it after the others.
      if (source.step() === 'more') this.#ready.add(source);
    }
    const [next] = this.#ready;
    if (next) this.wake(next);
  }
}
