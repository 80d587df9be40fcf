import type { AlarmClock } from '../../src/base/clock.js';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock that moves only when told to. */
export class FakeClock implements AlarmClock {
  #now: number;
  #awake = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(now = Date.UTC(2030, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  awake(): number {
    return this.#awake;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      };
      const sleeper: Sleeper = {
        until: this.#awake + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  async wakeAt(at: number, signal: AbortSignal): Promise<void> {
    while (this.#now < at) await this.sleep(Math.min(at - this.#now, 60_000), signal);
    signal.throwIfAborted();
  }

  /** The time of day is set, forwards or back, and nothing else happens. */
  set(now: number): void {
    this.#now = now;
  }

  /** Number of sleeps that go on: nothing may be left of an operation that has ended. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Lets time pass on an awake machine: wakes sleepers in order and lets each finish what it does then. */
  async advance(ms: number): Promise<void> {
    const target = this.#awake + ms;
    await settle();
    for (;;) {
      const due = [...this.#sleepers].filter(({ until }) => until <= target).sort((a, b) => a.until - b.until)[0];
      if (!due) break;
      this.#pass(Math.max(0, due.until - this.#awake));
      due.wake();
      await settle();
    }
    this.#pass(target - this.#awake);
    await settle();
  }

  /** The machine sleeps: the time of day goes on and nothing else does. */
  suspend(ms: number): void {
    this.#now += ms;
  }

  #pass(ms: number): void {
    this.#now += ms;
    this.#awake += ms;
  }
}

/** Lets everything happen that can happen without time passing or I/O. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
}
