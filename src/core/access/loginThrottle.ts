import type { Clock } from '../../base/clock.js';

const firstPauseMs = 5_000;
const longestPauseMs = 15 * 60_000;
/** After so long without a mistake everything is forgotten. */
const forgottenAfterMs = 60 * 60_000;
/** Whoever comes from more places than that is forgotten first; each costs some hundred bytes. */
const mostRemembered = 10_000;

/** What guesses are counted by. */
export interface GuessKey {
  readonly name: string;
  /** Mistakes that cost nothing: people mistype. */
  readonly free: number;
}

interface Mistakes {
  readonly count: number;
  readonly at: number;
}

/**
 * How long somebody waits who guessed wrong: nothing at first, then twice as long with each mistake. Kept in memory, apart for each
 * key: a place that guesses waits, and a user of whom many places guess.
 */
export class LoginThrottle {
  readonly #clock: Clock;
  readonly #mistakes = new Map<string, Mistakes>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For how many ms none of these keys may try; 0: now. */
  pauseOf(keys: readonly GuessKey[]): number {
    const now = this.#clock.awake();
    return Math.max(0, ...keys.map(key => this.#until(key) - now));
  }

  failed(keys: readonly GuessKey[]): void {
    const now = this.#clock.awake();
    for (const { name: key } of keys) {
      const before = this.#mistakes.get(key);
      const count = before && now - before.at < forgottenAfterMs ? before.count + 1 : 1;
      this.#mistakes.delete(key);
      this.#mistakes.set(key, { count, at: now });
    }
    for (const key of this.#mistakes.keys()) {
      if (this.#mistakes.size <= mostRemembered) return;
      this.#mistakes.delete(key);
    }
  }

  succeeded(keys: readonly GuessKey[]): void {
    for (const { name } of keys) this.#mistakes.delete(name);
  }

  #until({ name, free }: GuessKey): number {
    const mistakes = this.#mistakes.get(name);
    if (!mistakes || mistakes.count < free) return 0;
    return mistakes.at + Math.min(longestPauseMs, firstPauseMs * 2 ** (mistakes.count - free));
  }
}
