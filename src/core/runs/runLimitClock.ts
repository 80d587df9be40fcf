import type { Clock } from '../../base/clock.js';
import type { RunLimits } from './runSupervisor.js';

/** Measures a run's two limits in awake time. While it is held (a question to a person is open) both stand still. */
export class RunLimitClock {
  readonly #clock: Clock;
  readonly #limits: RunLimits;
  /** Time on this clock that was not held, up to `#since`. */
  #passed = 0;
  #since: number;
  #holds = 0;
  /** `#passed` at the last output. */
  #lastOutput = 0;
  readonly #usedMs: number;

  /** `usedMs`: what earlier hosts have used of the wall-clock limit. */
  constructor(options: { readonly clock: Clock; readonly limits: RunLimits; readonly usedMs: number }) {
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#usedMs = options.usedMs;
    this.#since = options.clock.awake();
  }

  sawOutput(): void {
    this.#lastOutput = this.#now();
  }

  hold(): void {
    this.#now();
    this.#holds++;
  }

  release(): void {
    this.#now();
    this.#holds--;
  }

  /** Milliseconds until a limit may be reached at the earliest; 0 when one is, Infinity when none can be. */
  remaining(): number {
    const now = this.#now();
    if (this.#holds > 0) return Infinity;
    const { wallClockMs, stallMs } = this.#limits;
    const wallClock = wallClockMs > 0 ? wallClockMs - this.#usedMs - now : Infinity;
    const stall = stallMs > 0 ? stallMs - (now - this.#lastOutput) : Infinity;
    return Math.max(0, Math.min(wallClock, stall));
  }

  /** The limit that is reached, if one is. */
  reached(): 'wall_clock' | 'stall' | undefined {
    if (this.remaining() > 0) return undefined;
    const { wallClockMs } = this.#limits;
    return wallClockMs > 0 && this.#usedMs + this.#now() >= wallClockMs ? 'wall_clock' : 'stall';
  }

  #now(): number {
    const awake = this.#clock.awake();
    if (this.#holds === 0) this.#passed += awake - this.#since;
    this.#since = awake;
    return this.#passed;
  }
}
