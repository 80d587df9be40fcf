import type { RateLimit } from './modelSettings.js';

const minuteMs = 60_000;

/** Keeps the calls to each upstream within the person's own limits. */
export class RateLimits {
  readonly #now: () => number;
  readonly #upstreams = new Map<string, { atWork: number; readonly begun: number[] }>();

  /** `now`: milliseconds of a clock that never jumps. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Begins a call, or says after how many seconds to ask again. */
  begin(upstream: string, limit: RateLimit | undefined): { readonly wait: number } | { end(): void } {
    const now = this.#now();
    const place = this.#upstreams.get(upstream) ?? { atWork: 0, begun: [] };
    this.#upstreams.set(upstream, place);
    while (place.begun[0] !== undefined && now - place.begun[0] >= minuteMs) place.begun.shift();
    const { requestsPerMinute = Infinity, concurrent = Infinity } = limit ?? {};
    if (place.begun.length >= requestsPerMinute) {
      const oldest = place.begun[place.begun.length - requestsPerMinute] ?? now;
      return { wait: Math.max(1, Math.ceil((oldest + minuteMs - now) / 1000)) };
    }
    if (place.atWork >= concurrent) return { wait: 1 };
    // Without a limit there is nothing to remember.
    if (limit?.requestsPerMinute !== undefined) place.begun.push(now);
    place.atWork++;
    let over = false;
    return {
      end() {
        if (over) return;
        over = true;
        place.atWork--;
      },
    };
  }
}
