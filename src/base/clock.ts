/** Time as a port: the pure layers never read a clock or set a timer themselves. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never jumps and that stands while the machine sleeps. */
  awake(): number;
  /** Resolves after `ms`; rejects at once with the signal's reason when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A clock that also wakes at a time of day. */
export interface AlarmClock extends Clock {
  /**
   * Resolves when the time of day is `at` (ms since the epoch) or later, also when the machine slept or its clock was set
   * meanwhile; rejects at once with the signal's reason when aborted.
   */
  wakeAt(at: number, signal: AbortSignal): Promise<void>;
}
