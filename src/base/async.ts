import type { Clock } from './clock.js';

/** A promise with its two handles outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Makes a {@link Deferred}. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

/** Runs pieces of work with the same key one after the other, in the order they came. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<void>>();

  /** Resolves or rejects as `work` does. An abort before its turn comes skips it. */
  async run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const done = deferred<void>();
    const tail = before.then(() => done.promise);
    this.#tails.set(key, tail);
    try {
      await before;
      signal?.throwIfAborted();
      return await work();
    } finally {
      done.resolve();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}

/** Lets at most `width` pieces of work with the same key be under way; the others wait, in the order they came. */
export class KeyedLimit {
  readonly #width: number;
  readonly #places = new Map<string, { busy: number; readonly waiting: Deferred<void>[] }>();

  constructor(width: number) {
    this.#width = width;
  }

  /** Resolves or rejects as `work` does. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const place = this.#places.get(key) ?? { busy: 0, waiting: [] };
    this.#places.set(key, place);
    if (place.busy < this.#width) place.busy++;
    else {
      const turn = deferred<void>();
      place.waiting.push(turn);
      await turn.promise;
    }
    try {
      return await work();
    } finally {
      const next = place.waiting.shift();
      if (next) next.resolve();
      else if (--place.busy === 0) this.#places.delete(key);
    }
  }
}

/** Tries `work` again after each delay; stops at once when aborted, also during a delay. */
export async function retry<T>(
  work: (attempt: number, signal: AbortSignal) => Promise<T>,
  options: {
    readonly delaysMs: readonly number[];
    readonly signal: AbortSignal;
    readonly clock: Clock;
    readonly shouldRetry?: (error: unknown) => boolean;
  },
): Promise<T> {
  const { delaysMs, signal, clock, shouldRetry } = options;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work(attempt, signal);
    } catch (error) {
      const delay = delaysMs[attempt];
      if (delay === undefined || signal.aborted || shouldRetry?.(error) === false) throw error;
      await clock.sleep(delay, signal);
    }
  }
}

/** What `work` comes to, or the signal's reason as soon as that aborts; the work itself is not stopped by it. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Also where it was given up before: nobody hears how it ends.
  work.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = deferred<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Waits for `work` to settle, but no longer than `ms`; says which came first. Never rejects. */
export async function within(
  work: Promise<unknown>,
  options: { readonly ms: number; readonly clock: Clock },
): Promise<'settled' | 'late'> {
  const stop = new AbortController();
  const settled = work.then(
    () => 'settled' as const,
    () => 'settled' as const,
  );
  const late = options.clock.sleep(options.ms, stop.signal).then(
    () => 'late' as const,
    () => 'settled' as const,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    stop.abort();
  }
}
