/** What the window needs to know of rows. */
export interface WindowRows {
  readonly length: number;
  at(index: number): { readonly key: string; readonly estimate: number } | undefined;
}

/**
 * Where rows of unknown height stand in a long list: measured ones at their height, the others at an estimate. Pure, so
 * that the arithmetic of scrolling is tested without a browser.
 */
export class VirtualWindow {
  /** By key: rows keep what was measured when others come before them. */
  readonly #measured = new Map<string, number>();
  #rows: WindowRows = { length: 0, at: () => undefined };
  /** By place, and longer than the list, so that one that grows is not copied each time. */
  #heights = new Float64Array(0);
  /** `#offsets[i]` is the top of row i; one more entry than rows. */
  #offsets = new Float64Array(1);
  #dirtyFrom = 0;

  /** Replaces the rows, of which the first `same` have the keys that they had. Heights that were measured stay. */
  setRows(rows: WindowRows, same: number): void {
    this.#rows = rows;
    this.#makeRoom(rows.length);
    // The last one of the same may have grown.
    const from = Math.max(0, Math.min(same, rows.length) - 1);
    for (let index = from; index < rows.length; index++) {
      const row = rows.at(index);
      this.#heights[index] = row === undefined ? 0 : (this.#measured.get(row.key) ?? row.estimate);
    }
    this.#dirtyFrom = Math.min(this.#dirtyFrom, from);
  }

  /** Takes a measured height; true when it differs from what was assumed. `index` is where the row stood when it was drawn. */
  measure({ key, index, height }: { readonly key: string; readonly index: number; readonly height: number }): boolean {
    if (this.#measured.get(key) === height) return false;
    this.#measured.set(key, height);
    // Elsewhere by now: the rows that are set next have it.
    if (this.#rows.at(index)?.key !== key) return true;
    this.#heights[index] = height;
    this.#dirtyFrom = Math.min(this.#dirtyFrom, index);
    return true;
  }

  /** Height of everything. */
  get total(): number {
    return this.offsetOf(this.#rows.length);
  }

  /** Top of row `index`; `index` may be one past the last. */
  offsetOf(index: number): number {
    this.#update();
    return this.#offsets[Math.max(0, Math.min(index, this.#rows.length))] ?? 0;
  }

  /** The row at a distance from the top; the nearest one when outside; -1 without rows. */
  indexAt(distance: number): number {
    this.#update();
    let low = 0;
    let high = this.#rows.length - 1;
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

  #makeRoom(length: number): void {
    if (this.#heights.length >= length) return;
    const room = Math.max(length, 2 * this.#heights.length);
    const [heights, offsets] = [new Float64Array(room), new Float64Array(room + 1)];
    heights.set(this.#heights);
    offsets.set(this.#offsets);
    [this.#heights, this.#offsets] = [heights, offsets];
  }

  #update(): void {
    for (let i = this.#dirtyFrom; i < this.#rows.length; i++) {
      this.#offsets[i + 1] = (this.#offsets[i] ?? 0) + (this.#heights[i] ?? 0);
    }
    this.#dirtyFrom = this.#rows.length;
  }
}
