/** Lines of a text that somebody spoke about, with enough around them to find them again when the text has changed. */
export interface TextAnchor {
  /** 1-based, inclusive. */
  readonly start: number;
  readonly end: number;
  /** The lines themselves; of a long range the first {@link keptLines}. */
  readonly lines: readonly string[];
  /** What stands directly before and after, at most {@link contextLines} each. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface LineRange {
  readonly start: number;
  readonly end: number;
}

/** As git’s patches have: enough to tell places apart, few enough to survive edits beside them. */
const contextLines = 3;
/** Enough to tell a place from others, and to be read in a message. */
const keptLines = 40;
/** Longer lines are data, not code: what is kept of them tells them apart all the same. */
const keptCharacters = 500;

/** The anchor of a range of a text; a range outside of the text is moved into it. */
export function anchorAt(text: readonly string[], range: LineRange): TextAnchor {
  const last = Math.max(1, text.length);
  const start = Math.min(Math.max(1, range.start), last);
  const end = Math.min(Math.max(start, range.end), last);
  return {
    start,
    end,
    lines: text.slice(start - 1, Math.min(end, start - 1 + keptLines)).map(kept),
    before: text.slice(Math.max(0, start - 1 - contextLines), start - 1).map(kept),
    after: text.slice(end, end + contextLines).map(kept),
  };
}

/**
 * Where the lines are now: of all places with the same lines the one with the most of its surroundings, then the nearest.
 * Indentation does not count, so that code which was moved into a block is followed. Undefined: they are gone, or nothing tells
 * that what is alike (a lone bracket) is the same.
 */
export function locateAnchor(anchor: TextAnchor, text: readonly string[]): LineRange | undefined {
  const { lines, before, after, start, end } = anchor;
  const there = bareLines(text);
  const [first, ...rest] = lines.map(bare);
  if (first === undefined) return undefined;
  const length = end - start + 1;
  let best: { readonly at: number; readonly score: number } | undefined;
  for (let at = 0; at + lines.length <= text.length; at++) {
    if (there[at] !== first || rest.some((line, index) => there[at + 1 + index] !== line)) continue;
    const score =
      alike(before.toReversed(), distance => there[at - 1 - distance]) +
      alike(after, distance => there[at + length + distance]);
    const isNearer = best === undefined || Math.abs(at + 1 - start) < Math.abs(best.at + 1 - start);
    if (best === undefined || score > best.score || (score === best.score && isNearer)) best = { at, score };
  }
  if (best === undefined) return undefined;
  const hadContext = before.length + after.length > 0;
  if (best.score === 0 && hadContext && !isTelling(lines)) return undefined;
  return { start: best.at + 1, end: Math.min(text.length, best.at + length) };
}

/**
 * What stands where lines that are gone have been: what is between their surroundings, or beside those of them that are still there.
 * Lines that were removed leave the one that follows. Undefined: nothing tells where it was.
 */
export function placeOfGone({ start, end, before, after }: TextAnchor, text: readonly string[]): LineRange | undefined {
  const there = bareLines(text);
  const length = end - start + 1;
  const above = before.toReversed();
  let best: { readonly at: number; readonly next: number; readonly score: number; readonly far: number } | undefined;
  for (let at = 0; at <= text.length; at++) {
    const upper = alike(above, distance => there[at - 1 - distance]);
    // Without what stood above, what follows is as far away as the lines were many.
    for (let next = upper > 0 ? at : at + length; next <= at + length + mostAdded; next++) {
      const lower = alike(after, distance => there[next + distance]);
      const score = tellingOf(above, upper) + tellingOf(after, lower);
      const far = Math.abs(next - at - length) + Math.abs(at + 1 - start);
      if (score > 0 && (best === undefined || score > best.score || (score === best.score && far < best.far)))
        best = { at, next, score, far };
      if (upper === 0) break;
    }
  }
  if (best === undefined) return undefined;
  const from = Math.min(text.length, best.at + 1);
  return { start: from, end: Math.min(text.length, Math.max(from, best.next)) };
}

/** As many lines more may stand where others were; what follows a longer piece is not looked for. */
const mostAdded = 40;

/** How many of the lines next to a place are as they were; a lone bracket or an empty line alone tells nothing. */
function tellingOf(lines: readonly string[], count: number): number {
  return isTelling(lines.slice(0, count), 1) ? count : 0;
}

/** How many lines in a row, from the anchor outwards, are as they were. */
function alike(expected: readonly string[], found: (distance: number) => string | undefined): number {
  const first = expected.findIndex((line, distance) => found(distance) !== bare(line));
  return first === -1 ? expected.length : first;
}

/** Something that does not stand in every other place too. */
function isTelling(lines: readonly string[], letters = 6): boolean {
  return (lines.join('').match(/[\p{L}\p{N}]/gu)?.length ?? 0) >= letters;
}

/** Many anchors are looked for in the same lines. */
const known = new WeakMap<readonly string[], readonly string[]>();

function bareLines(text: readonly string[]): readonly string[] {
  const lines = known.get(text) ?? text.map(bare);
  known.set(text, lines);
  return lines;
}

function bare(line: string): string {
  return kept(line.trim());
}

function kept(line: string): string {
  return line.length > keptCharacters ? line.slice(0, keptCharacters) : line;
}
