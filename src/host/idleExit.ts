import type { Disposable } from '../base/lifecycle.js';

/** Counts who needs the host: open streams and recent calls. */
export class ClientPresence {
  #streams = 0;
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
        this.touch();
      },
    };
  }

  /** A call came in. */
  touch(): void {
    this.#lastCall = this.#now();
  }

  /** Milliseconds since anybody was there; 0 while a stream is open. */
  idleFor(): number {
    return this.#streams > 0 ? 0 : this.#now() - this.#lastCall;
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
