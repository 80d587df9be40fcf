import type { Clock } from '../../base/clock.js';

/** What takes longer to look at is looked at less often: it costs whoever answers. */
const pausePerWork = 50;
/** One that was not answered for so long is not waited for. */
const lostMs = 60_000;

/** Something that costs a look to know: one look for all who ask within a time. */
export class SharedLook<T> {
  readonly #look: () => Promise<T>;
  readonly #clock: Pick<Clock, 'awake'>;
  readonly #freshMs: number;
  #latest: { readonly begunAt: number; readonly seen: Promise<T> } | undefined;
  /** Until when the latest is good; none while it is under way. */
  #goodUntil: number | undefined;

  constructor(look: () => Promise<T>, options: { readonly clock: Pick<Clock, 'awake'>; readonly freshMs: number }) {
    this.#look = look;
    this.#clock = options.clock;
    this.#freshMs = options.freshMs;
  }

  /** Errors: those of the look, to all who share it. */
  get(): Promise<T> {
    const now = this.#clock.awake();
    const latest = this.#latest;
    if (latest && now < (this.#goodUntil ?? latest.begunAt + lostMs)) return latest.seen;
    const next = { begunAt: now, seen: this.#look() };
    this.#latest = next;
    this.#goodUntil = undefined;
    const over = (): void => {
      if (this.#latest !== next) return;
      const endedAt = this.#clock.awake();
      this.#goodUntil = endedAt + Math.max(this.#freshMs, pausePerWork * (endedAt - now));
    };
    next.seen.then(over, over);
    return next.seen;
  }
}
