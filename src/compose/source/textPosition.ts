/** A place in the text: 1-based line and column (UTF-16 units), 0-based offset. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** Half-open: `end` is the first place after the range. */
export interface TextRange {
  readonly start: TextPosition;
  readonly end: TextPosition;
}

/** Half-open range of 0-based offsets; the internal currency, turned into a `TextRange` only for output. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Finds lines and columns by binary search; counts `\n`, `\r\n` and lone `\r` as line ends. */
export class LineMap {
  readonly #starts: readonly number[];
  readonly #length: number;

  constructor(text: string) {
    const starts = [0];
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code === 10 || (code === 13 && text.charCodeAt(index + 1) !== 10)) starts.push(index + 1);
    }
    this.#starts = starts;
    this.#length = text.length;
  }

  position(offset: number): TextPosition {
    const bounded = Math.max(0, Math.min(offset, this.#length));
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= bounded) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: bounded - (this.#starts[low] ?? 0) + 1, offset: bounded };
  }

  range(span: Span): TextRange {
    return { start: this.position(span.start), end: this.position(span.end) };
  }
}
