interface Look<T> {
  readonly underWay: Promise<T>;
  /** What has not begun: whoever asks now gets it. */
  next: Promise<T> | undefined;
}

/**
 * Joins those who look at the same thing at the same time: fifty runs that start together cost two git processes, and not
 * fifty. Whoever asks gets a look that began after the asking, so that nobody sees less than with a look of their own.
 */
export class JoinedLooks<T> {
  readonly #looks = new Map<string, Look<T>>();

  /** Resolves or rejects as the look that is shared. */
  look(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.#looks.get(key);
    if (known === undefined) return this.#begin(key, work);
    const begin = (): Promise<T> => this.#begin(key, work);
    return (known.next ??= known.underWay.then(begin, begin));
  }

  #begin(key: string, work: () => Promise<T>): Promise<T> {
    const look: Look<T> = { underWay: work(), next: undefined };
    this.#looks.set(key, look);
    const end = (): void => {
      if (look.next === undefined) this.#looks.delete(key);
    };
    look.underWay.then(end, end);
    return look.underWay;
  }
}
