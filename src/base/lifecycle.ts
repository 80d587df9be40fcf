/** Something that holds a resource until `dispose` is called. */
export interface Disposable {
  dispose(): void | Promise<void>;
}

/** A disposable that runs `dispose` at most once. */
export function toDisposable(dispose: () => void | Promise<void>): Disposable {
  let done = false;
  return {
    dispose() {
      if (done) return;
      done = true;
      return dispose();
    },
  };
}

/**
 * Owns resources and gives them back last in, first out. Every one is disposed even if another throws;
 * the failures come together in one AggregateError.
 */
export class DisposableStore implements Disposable {
  readonly #items: Disposable[] = [];
  #disposed = false;

  /** Returns its argument, so that acquiring and registering are one expression. Throws after shutdown began. */
  add<T extends Disposable>(item: T): T {
    if (this.#disposed) throw new Error('Resource acquired after shutdown began');
    this.#items.push(item);
    return item;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const errors: unknown[] = [];
    for (let item = this.#items.pop(); item; item = this.#items.pop()) {
      try {
        await item.dispose();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'Shutdown did not finish cleanly');
  }
}
