/** Numbers that are the same on every machine for one seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761) >>> 0;
  }

  /** From 0 up to, and without, `limit`. */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick');
    return item;
  }

  shuffled<T>(items: readonly T[]): readonly T[] {
    return items
      .map(item => ({ item, key: this.below(1_000_000) }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  }

  /** Those of the fields that chance lets stand. */
  some<T>(fields: Readonly<Record<string, T>>, percent: number): Record<string, T> {
    return Object.fromEntries(Object.entries(fields).filter(() => this.chance(percent)));
  }
}
