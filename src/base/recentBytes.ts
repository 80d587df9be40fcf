/** Bytes that are asked for again soon, of which only so many are kept: those that were not asked for the longest go first. */
export class RecentBytes {
  readonly #limit: number;
  readonly #answers = new Map<string, Promise<Uint8Array | undefined>>();
  readonly #sizes = new Map<string, number>();
  #kept = 0;

  /** Keeps at most `limit` bytes, however large a single answer is. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The answer of before, or what `read` gives. One that fails is not kept. */
  get(key: string, read: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    const known = this.#answers.get(key);
    if (known !== undefined) {
      this.#answers.delete(key);
      this.#answers.set(key, known);
      return known;
    }
    const reading = read();
    this.#answers.set(key, reading);
    reading.then(
      bytes => this.#keep(key, reading, bytes?.byteLength ?? 0),
      () => this.#forget(key, reading),
    );
    return reading;
  }

  #keep(key: string, reading: Promise<Uint8Array | undefined>, size: number): void {
    if (this.#answers.get(key) !== reading) return;
    this.#sizes.set(key, size);
    this.#kept += size;
    for (const [oldest, answer] of this.#answers) {
      if (this.#kept <= this.#limit) return;
      // What is still being read has no size yet.
      if (this.#sizes.has(oldest)) this.#forget(oldest, answer);
    }
  }

  #forget(key: string, reading: Promise<Uint8Array | undefined>): void {
    if (this.#answers.get(key) !== reading) return;
    this.#answers.delete(key);
    this.#kept -= this.#sizes.get(key) ?? 0;
    this.#sizes.delete(key);
  }
}
