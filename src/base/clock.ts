/** Time as a port: the pure layers never read a clock or set a timer themselves. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never jumps and that stands while the machine sleeps. */
  awake(): number;
  /** Resolves after `ms`; rejects at once with the signal's reason when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
