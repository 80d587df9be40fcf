import type { Span } from '../source/textPosition.js';

/** Where the cursor is, judged by indentation, so that it works in a line that is not finished. */
export interface CursorPlace {
  /** From the root to the mapping or list that is being written in; `[]` for an item of a list. */
  readonly path: readonly string[];
  /** A field name is being written, or (with the name as the last part of `path`) its value. */
  readonly kind: 'key' | 'value';
  /** What is written of it so far. */
  readonly word: Span;
  /** Names that the mapping has already; empty for values. */
  readonly siblings: ReadonlySet<string>;
  /** Column where a field name of this mapping starts; 0-based. */
  readonly column: number;
  /** Inside `{…}` or `[…]`, where nothing may go over several lines. */
  readonly inFlow: boolean;
}

export interface PlaceInput {
  readonly path: readonly string[];
  readonly offset: number;
  readonly column: number;
}

interface FlowLevel {
  readonly isMapping: boolean;
  readonly keys: Set<string>;
  key: string | undefined;
}

/** Where the cursor is inside `{a: 1, b: [x,`; `undefined` outside of it and when it goes over several lines. */
export function flowPlace(text: string, input: PlaceInput & { readonly from: number }): CursorPlace | undefined {
  const reader = new FlowReader(text, input.from);
  if (!reader.readUpTo(input.offset)) return undefined;
  const last = reader.levels.at(-1);
  if (!last) return undefined;
  const isKey = last.isMapping && last.key === undefined;
  const rest = /^[^,}\]:\n]*/.exec(text.slice(input.offset))?.[0] ?? '';
  const end = reader.quoteEnd ?? input.offset + rest.trimEnd().length;
  return {
    path: [...input.path, ...reader.path()],
    kind: isKey ? 'key' : 'value',
    word: { start: reader.wordBefore(input.offset), end },
    siblings: last.keys,
    column: input.column,
    inFlow: true,
  };
}

/** Keeps the open brackets, and where the word began that is being read. */
class FlowReader {
  readonly levels: FlowLevel[] = [];
  /** Behind the quote that closes the text in which reading ended. */
  quoteEnd: number | undefined;
  readonly #text: string;
  #at: number;
  #wordStart: number;

  constructor(text: string, from: number) {
    this.#text = text;
    this.#at = from;
    this.#wordStart = from;
  }

  /** False at the end of a line. */
  readUpTo(offset: number): boolean {
    while (this.#at < offset) {
      const char = this.#text[this.#at] ?? '';
      if (char === '\n') return false;
      if (char === '"' || char === "'") {
        const end = this.#text.indexOf(char, this.#at + 1);
        // The cursor is inside the quotes.
        if (end < 0) return true;
        if (end >= offset) {
          const isOnLine = !this.#text.slice(offset, end).includes('\n');
          if (isOnLine) this.quoteEnd = end + 1;
          return true;
        }
        this.#at = end;
      } else this.#readSign(char);
      this.#at++;
    }
    return true;
  }

  path(): readonly string[] {
    return this.levels.flatMap(level => (level.isMapping ? (level.key ?? []) : '[]'));
  }

  wordBefore(offset: number): number {
    let start = this.#wordStart;
    while (start < offset && this.#text[start] === ' ') start++;
    return start;
  }

  #readSign(char: string): void {
    const level = this.levels.at(-1);
    switch (char) {
      case '{':
      case '[':
        this.levels.push({ isMapping: char === '{', keys: new Set(), key: undefined });
        break;
      case '}':
      case ']':
        this.levels.pop();
        break;
      case ',':
        if (level) level.key = undefined;
        break;
      case ':':
        if (!level || !this.#endsKey(level)) return;
        level.key = unquote(this.#text.slice(this.#wordStart, this.#at).trim());
        level.keys.add(level.key);
        break;
      default:
        return;
    }
    this.#wordStart = this.#at + 1;
  }

  #endsKey(level: FlowLevel): boolean {
    return level.isMapping && level.key === undefined && /[\s,}\]]/.test(this.#text[this.#at + 1] ?? ' ');
  }
}

export function unquote(text: string): string {
  return /^(".*"|'.*')$/.test(text) ? text.slice(1, -1) : text;
}
