/**
 * Where rows of unknown height stand in a long list: measured ones at their height, the others at an estimate. Pure, so
 * that the arithmetic of scrolling is tested without a browser.
 */
export class VirtualWindow {
  readonly #heights = new Map<string, number>();
  #keys: readonly string[] = [];
  #estimates: readonly number[] = [];
  /** `#offsets[i]` is the top of row i; one more entry than rows. */
  #offsets = new Float64Array(1);
  #dirtyFrom = 0;

  /** Replaces the rows. Heights that were measured under the same keys stay. */
  setRows(keys: readonly string[], estimates: readonly number[]): void {
    let same = 0;
    const common = Math.min(keys.length, this.#keys.length);
    while (same < common && keys[same] === this.#keys[same]) same++;
    this.#keys = keys;
    this.#estimates = estimates;
    this.#dirtyFrom = Math.min(this.#dirtyFrom, same);
    if (this.#offsets.length !== keys.length + 1) {
      const grown = new Float64Array(keys.length + 1);
      grown.set(this.#offsets.subarray(0, Math.min(same + 1, this.#offsets.length)));
      this.#offsets = grown;
    }
  }

  /** Takes a measured height; true when it differs from what was assumed. */
  measure(key: string, height: number): boolean {
    if (this.#heights.get(key) === height) return false;
    this.#heights.set(key, height);
    const index = this.#keys.indexOf(key);
    if (index >= 0) this.#dirtyFrom = Math.min(this.#dirtyFrom, index);
    return true;
  }

  /** Height of everything. */
  get total(): number {
    return this.offsetOf(this.#keys.length);
  }

  /** Top of row `index`; `index` may be one past the last. */
  offsetOf(index: number): number {
    this.#update();
    return this.#offsets[Math.max(0, Math.min(index, this.#keys.length))] ?? 0;
  }

  /** The row at a distance from the top; the nearest one when outside; -1 without rows. */
  indexAt(distance: number): number {
    this.#update();
    let low = 0;
    let high = this.#keys.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#offsets[middle] ?? 0) <= distance) low = middle;
      else high = middle - 1;
    }
    return high < 0 ? -1 : low;
  }

  /** Rows that touch the stretch from `top` to `bottom`: first, and one past the last. */
  range(top: number, bottom: number): { readonly start: number; readonly end: number } {
    const start = this.indexAt(top);
    return start < 0 ? { start: 0, end: 0 } : { start, end: this.indexAt(bottom) + 1 };
  }

  #update(): void {
    for (let i = this.#dirtyFrom; i < this.#keys.length; i++) {
      const height = this.#heights.get(this.#keys[i] ?? '') ?? this.#estimates[i] ?? 0;
      this.#offsets[i + 1] = (this.#offsets[i] ?? 0) + height;
    }
    this.#dirtyFrom = this.#keys.length;
  }
}
