/** What has begun and is not over, by key. */
export class UnderWay<Key> {
  readonly #works = new Map<Key, Promise<void>>();

  has(key: Key): boolean {
    return this.#works.has(key);
  }

  /** Does the work; resolves and rejects as it does. */
  async run(key: Key, work: () => Promise<void>): Promise<void> {
    const doing = work();
    this.#works.set(key, doing);
    try {
      await doing;
    } finally {
      this.#works.delete(key);
    }
  }

  /** Resolves when the work of this key is over, however it went; at once when there is none. */
  async over(key: Key): Promise<void> {
    // Whoever began it hears how it failed.
    await this.#works.get(key)?.catch(() => undefined);
  }
}
