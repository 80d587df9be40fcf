import { flowPlace, unquote, type CursorPlace, type PlaceInput } from './flowPlace.js';

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
  const wordEnd =
    line.start + (line.key === undefined ? line.column + line.value.length : line.column + line.key.length);
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
  const comment = line.value.search(/\s#/);
  const value = comment < 0 ? line.value : line.value.slice(0, comment);
  const start = Math.min(from, offset);
  return {
    path,
    kind: 'value',
    word: { start, end: Math.max(offset, from + value.trimEnd().length) },
    siblings: new Set(),
    column,
    inFlow: false,
  };
}

/** Path to the mapping or list that holds a line with these columns; `undefined` inside a text over several lines. */
function ancestors(
  lines: readonly LineShape[],
  index: number,
  own: { readonly column: number; readonly dashes: readonly number[] },
): readonly string[] | undefined {
  const path: string[] = [];
  let column = own.column;
  let atDash = false;
  for (const dash of own.dashes.toReversed()) {
    path.unshift('[]');
    column = dash;
    atDash = true;
  }
  for (let above = index - 1; above >= 0 && (column > 0 || atDash); above--) {
    const line = lines[above];
    if (!line || line.isBlank) continue;
    const isParent =
      line.key !== undefined &&
      (line.column < column || (atDash && line.column === column && line.dashes.length === 0));
    if (isParent) {
      if (line.value !== '' && !line.value.startsWith('#')) return undefined;
      path.unshift(line.key ?? '');
      column = line.column;
      atDash = false;
    } else if (line.column < column && line.dashes.length === 0) {
      return undefined;
    }
    for (const dash of line.dashes.toReversed()) {
      if (dash >= column || line.column > column) continue;
      path.unshift('[]');
      column = dash;
      atDash = true;
    }
  }
  return path;
}

function siblingKeys(lines: readonly LineShape[], index: number, column: number): ReadonlySet<string> {
  const found = new Set<string>();
  const own = lines[index];
  // A line with a dash is the first of its item.
  const firstAbove = (own?.dashes.length ?? 0) > 0 ? -1 : index - 1;
  for (let above = firstAbove; above >= 0; above--) {
    const line = lines[above];
    if (!line || line.isBlank) continue;
    if (line.column < column) break;
    if (line.column === column && line.key !== undefined) found.add(line.key);
    if (line.column === column && line.dashes.length > 0) break;
  }
  for (let below = index + 1; below < lines.length; below++) {
    const line = lines[below];
    if (!line || line.isBlank) continue;
    if (line.column < column || line.dashes.some(dash => dash < column)) break;
    if (line.column === column && line.key !== undefined) found.add(line.key);
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
  let valueColumn = column + key[0].length;
  while (raw[valueColumn] === ' ') valueColumn++;
  return { start, dashes, column, key: unquote(key[1] ?? ''), valueColumn, value: raw.slice(valueColumn), isBlank };
}
