import { flowPlace, unquote, type CursorPlace, type PlaceInput } from './flowPlace.js';
import { closingQuote } from './writtenValue.js';

interface LineShape {
  readonly start: number;
  /** Columns of the dashes in front. */
  readonly dashes: readonly number[];
  /** Column of the text after them. */
  readonly column: number;
  readonly key?: string | undefined;
  /** Column where the value begins; the line's length when there is none. */
  readonly valueColumn: number;
  readonly value: string;
  readonly isBlank: boolean;
}

const KEY = /^("[^"]*"|'[^']*'|[^\s#:{}[\],"'&*!|>%@`-][^:#]*?|-[^\s:#][^:#]*?)\s*:(?=\s|$)/;

/** `undefined` inside comments and texts over several lines. */
export function cursorPlace(text: string, offset: number): CursorPlace | undefined {
  const lines = readLines(text);
  const index = lines.findLastIndex(line => line.start <= offset);
  const line = lines[index];
  if (!line) return undefined;
  const column = offset - line.start;
  const head = text.slice(line.start, offset);
  if (/(^|\s)#/.test(head.replace(/"[^"]*"|'[^']*'/g, '""')) || column < line.column) {
    if (!line.isBlank || column < head.trimEnd().length) return undefined;
  }
  const ownColumn = line.isBlank ? column : line.column;
  const parents = ancestors(lines, index, { column: ownColumn, dashes: line.dashes });
  if (!parents) return undefined;

  if (line.key !== undefined && column >= line.valueColumn) {
    return valuePlace(text, line, { path: [...parents, line.key], offset, column: ownColumn });
  }
  const opening = /^[[{]/.exec(line.value);
  if (line.key === undefined && opening && column > line.column) {
    return flowPlace(text, { path: parents, from: line.start + line.column, offset, column: ownColumn });
  }
  const wordLength = line.key === undefined ? withoutComment(line.value).length : line.key.length;
  const wordEnd = line.start + line.column + wordLength;
  return {
    path: parents,
    kind: 'key',
    word: { start: line.start + ownColumn, end: Math.max(offset, line.isBlank ? offset : wordEnd) },
    siblings: siblingKeys(lines, index, ownColumn),
    column: ownColumn,
    inFlow: false,
  };
}

function valuePlace(text: string, line: LineShape, { path, offset, column }: PlaceInput): CursorPlace | undefined {
  const from = line.start + line.valueColumn;
  if (/^[|>]/.test(line.value)) return undefined;
  if (/^[[{]/.test(line.value)) return flowPlace(text, { path, from, offset, column });
  const start = Math.min(from, offset);
  return {
    path,
    kind: 'value',
    word: { start, end: Math.max(offset, from + withoutComment(line.value).length) },
    siblings: new Set(),
    column,
    inFlow: false,
  };
}

/** A value without what follows it; a `#` between quotes is part of it. */
function withoutComment(value: string): string {
  const from = closingQuote(value) ?? 0;
  const comment = value.slice(from).search(/\s#/);
  return (comment < 0 ? value : value.slice(0, from + comment)).trimEnd();
}

/** Path to the mapping or list that holds a line with these columns; `undefined` inside a text over several lines. */
function ancestors(
  lines: readonly LineShape[],
  index: number,
  own: { readonly column: number; readonly dashes: readonly number[] },
): readonly string[] | undefined {
  const climb = new Climb(own);
  for (let above = index - 1; above >= 0 && !climb.isAtTop; above--) {
    const line = lines[above];
    if (line && !line.isBlank && !climb.past(line)) return undefined;
  }
  return climb.path;
}

/** Goes up line by line, to the left as far as each leads. */
class Climb {
  readonly path: string[] = [];
  /** What is further right than this belongs to something that was passed. */
  #column: number;
  /** The last step was out of a list, whose key may stand in the dash's own column. */
  #atDash = false;

  constructor({ column, dashes }: { readonly column: number; readonly dashes: readonly number[] }) {
    this.#column = column;
    for (const dash of dashes.toReversed()) this.#outOfList(dash);
  }

  get isAtTop(): boolean {
    return this.#column === 0 && !this.#atDash;
  }

  /** False when the line shows that it all is part of a text. */
  past(line: LineShape): boolean {
    const { key, column, value, dashes } = line;
    if (key !== undefined && this.#isBelow(line)) {
      if (value !== '' && !value.startsWith('#')) return false;
      this.path.unshift(key);
      this.#column = column;
      this.#atDash = false;
    } else if (column < this.#column && dashes.length === 0) return false;
    for (const dash of dashes.toReversed()) {
      if (dash < this.#column && column <= this.#column) this.#outOfList(dash);
    }
    return true;
  }

  #isBelow({ column, dashes }: LineShape): boolean {
    return column < this.#column || (this.#atDash && column === this.#column && dashes.length === 0);
  }

  #outOfList(dash: number): void {
    this.path.unshift('[]');
    this.#column = dash;
    this.#atDash = true;
  }
}

/** Keys of the same mapping, above and below a line. */
function siblingKeys(lines: readonly LineShape[], index: number, column: number): ReadonlySet<string> {
  const isFirstOfItem = (lines[index]?.dashes.length ?? 0) > 0;
  const above = isFirstOfItem ? [] : keysUntil(lines.slice(0, index).toReversed(), column, beginsItem);
  const below = lines.slice(index + 1);
  const end = below.findIndex(line => !line.isBlank && line.dashes.some(dash => dash < column));
  return new Set([...above, ...keysUntil(end < 0 ? below : below.slice(0, end), column, () => false)]);
}

/** A line with a dash is the first of its item. */
function beginsItem(line: LineShape): boolean {
  return line.dashes.length > 0;
}

/** Keys in this column, to where something else begins or up to the line in it that is the last. */
function keysUntil(
  lines: readonly LineShape[],
  column: number,
  isLast: (line: LineShape) => boolean,
): readonly string[] {
  const found: string[] = [];
  for (const line of lines) {
    if (line.isBlank) continue;
    if (line.column < column) break;
    if (line.column > column) continue;
    if (line.key !== undefined) found.push(line.key);
    if (isLast(line)) break;
  }
  return found;
}

function readLines(text: string): readonly LineShape[] {
  const lines: LineShape[] = [];
  let start = 0;
  for (const raw of text.split('\n')) {
    lines.push(readLine(raw.replace(/\r$/, ''), start));
    start += raw.length + 1;
  }
  return lines;
}

function readLine(raw: string, start: number): LineShape {
  let column = raw.length - raw.trimStart().length;
  const dashes: number[] = [];
  while (raw[column] === '-' && (raw[column + 1] === ' ' || column + 1 === raw.length)) {
    dashes.push(column);
    column++;
    while (raw[column] === ' ') column++;
  }
  const rest = raw.slice(column);
  const isBlank = (rest === '' && dashes.length === 0) || rest.startsWith('#') || /^(---|\.\.\.)(\s|$)/.test(raw);
  const key = KEY.exec(rest);
  if (!key) return { start, dashes, column, valueColumn: raw.length, value: rest, isBlank };
  const behindColon = column + key[0].length;
  let valueColumn = behindColon;
  while (raw[valueColumn] === ' ') valueColumn++;
  const read = { start, dashes, column, key: unquote(key[1] ?? ''), isBlank };
  // There is no value yet: it goes between colon and comment.
  if (raw[valueColumn] === '#') return { ...read, valueColumn: behindColon + 1, value: '' };
  return { ...read, valueColumn, value: raw.slice(valueColumn) };
}
