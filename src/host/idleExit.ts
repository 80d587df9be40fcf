import { deferred, type Deferred } from '../base/async.js';
import type { Disposable } from '../base/lifecycle.js';

/** Counts who needs the host: open streams, calls at work and recent ones. */
export class ClientPresence {
  #streams = 0;
  #calls = 0;
  #quiet: Deferred<void> | undefined;
  #lastCall: number;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.#lastCall = now();
  }

  /** Open `Watch` streams. */
  get clients(): number {
    return this.#streams;
  }

  enter(): { dispose(): void } {
    this.#streams++;
    let left = false;
    return {
      dispose: () => {
        if (left) return;
        left = true;
        this.#streams--;
        this.#lastCall = this.#now();
      },
    };
  }

  /** A call came in; it is at work until the result is disposed. */
  call(): { dispose(): void } {
    this.#calls++;
    let over = false;
    return {
      dispose: () => {
        if (over) return;
        over = true;
        this.#calls--;
        this.#lastCall = this.#now();
        if (this.#calls === 0) this.#quiet?.resolve();
      },
    };
  }

  /** Resolves when no call is at work. */
  async whenQuiet(): Promise<void> {
    if (this.#calls === 0) return;
    this.#quiet ??= deferred();
    await this.#quiet.promise;
  }

  /** Milliseconds since anybody was there; 0 while a stream is open or a call is at work. */
  idleFor(): number {
    return this.#streams + this.#calls > 0 ? 0 : this.#now() - this.#lastCall;
  }
}

/** Calls `exit` once nobody was there for `afterMs` and `isBusy` says that nothing is at work. */
export function exitWhenIdle(options: {
  readonly presence: ClientPresence;
  readonly afterMs: number;
  readonly isBusy: () => boolean;
  readonly exit: () => void;
}): Disposable {
  const { presence, afterMs, isBusy, exit } = options;
  const timer = setInterval(
    () => {
      if (presence.idleFor() < afterMs || isBusy()) return;
      clearInterval(timer);
      exit();
    },
    Math.max(50, Math.min(afterMs / 4, 5_000)),
  );
  timer.unref();
  return { dispose: () => clearInterval(timer) };
}
