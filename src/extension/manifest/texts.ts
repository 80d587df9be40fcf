/** Collects the manifest's texts: each is replaced by `%key%` and goes to `package.nls.json`. */
export class ManifestTexts {
  readonly #texts = new Map<string, string>();

  /** Returns the placeholder for `text`; the same key twice must mean the same text. */
  add(key: string, text: string): string {
    const known = this.#texts.get(key);
    if (known !== undefined && known !== text) throw new Error(`Two texts have the key ${key}`);
    this.#texts.set(key, text);
    return `%${key}%`;
  }

  /** Sorted by key. */
  toObject(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#texts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
