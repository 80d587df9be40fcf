/** Rows that belong together and only ever grow at their end. */
export interface RowPart<Row> {
  /** The same for as long as the row at each place of the part keeps its key. */
  readonly key: string;
  readonly length: number;
  readonly at: (index: number) => Row | undefined;
}

/**
 * A long list as parts: a row is made when it is asked for, so that what grows at its end costs what was added and not what
 * was there.
 */
export class RowList<Row extends { readonly key: string }> {
  readonly length: number;
  readonly #parts: readonly RowPart<Row>[];
  /** `#starts[i]` is the place of the first row of part i. */
  readonly #starts: readonly number[];

  constructor(parts: readonly RowPart<Row>[] = []) {
    const starts: number[] = [];
    let length = 0;
    for (const part of parts) {
      starts.push(length);
      length += part.length;
    }
    this.#parts = parts;
    this.#starts = starts;
    this.length = length;
  }

  at(index: number): Row | undefined {
    if (index < 0 || index >= this.length) return undefined;
    let low = 0;
    let high = this.#parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return this.#parts[low]?.at(index - (this.#starts[low] ?? 0));
  }

  /** From `start` up to, and without, `end`. */
  slice(start: number, end: number): readonly Row[] {
    const rows: Row[] = [];
    for (let index = start; index < end; index++) {
      const row = this.at(index);
      if (row) rows.push(row);
    }
    return rows;
  }

  /** How many rows at the beginning have the same keys in both lists; never too many. */
  sharedWith(other: RowList<Row>): number {
    let shared = 0;
    for (const [index, part] of this.#parts.entries()) {
      const theirs = other.#parts[index];
      if (theirs?.key !== part.key) break;
      shared += Math.min(part.length, theirs.length);
      if (part.length !== theirs.length) break;
    }
    return shared;
  }

  /** Looks at every row; -1 when there is none of that key. */
  indexOf(key: string): number {
    for (let index = 0; index < this.length; index++) if (this.at(index)?.key === key) return index;
    return -1;
  }
}
