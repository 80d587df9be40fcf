import type { Disposable } from '../../base/lifecycle.js';

/** Runs work for a key once nothing was asked for that key during some milliseconds. */
export class Debounced implements Disposable {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  schedule(key: string, { ms, work }: { readonly ms: number; readonly work: () => void }): void {
    this.cancel(key);
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      work();
    }, ms);
    this.#timers.set(key, timer);
  }

  cancel(key: string): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
