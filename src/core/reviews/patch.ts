/** Lines that stand together and were added, removed or replaced. Lines are 1-based; a start of an empty range is the line before. */
export interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  /** The changed lines as a patch has them, with `-` or `+`. */
  readonly lines: readonly string[];
  /** The same with what git says of a missing line end. */
  readonly raw: readonly string[];
}

/** What a patch says of one file. */
export interface PatchedFile {
  /** The path it has now; of a deleted file, the one it had. */
  readonly path: string;
  readonly hunks: readonly Hunk[];
  /** Which contents became which: all that a patch says of a file without lines. */
  readonly index: string;
}

/** Reads a unified diff of git, whatever its context. One that was cut ends with what is whole. */
export function parsePatch(patch: string): readonly PatchedFile[] {
  const reader = new PatchReader(patch.split('\n'));
  return reader.files();
}

class PatchReader {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  files(): readonly PatchedFile[] {
    const files: PatchedFile[] = [];
    while (this.#at < this.#lines.length) {
      const line = this.#next();
      if (line.startsWith('diff --git ')) files.push(this.#file(line.slice('diff --git '.length)));
    }
    return files;
  }

  #file(names: string): PatchedFile {
    let path = samePath(names);
    let index = '';
    const hunks: Hunk[] = [];
    for (; this.#at < this.#lines.length;) {
      const line = this.#peek();
      if (line.startsWith('diff --git ')) break;
      this.#at++;
      if (line.startsWith('index ')) index = line.slice('index '.length);
      else if (line.startsWith('rename to ')) path = unquoted(line.slice('rename to '.length));
      else if (line.startsWith('--- ')) path = named(line.slice(4), 'a/') ?? path;
      else if (line.startsWith('+++ ')) path = named(line.slice(4), 'b/') ?? path;
      else if (line.startsWith('@@ ')) hunks.push(...this.#hunks(line));
    }
    return { path, hunks, index };
  }

  /** The changed lines below one `@@`: what stands between unchanged lines is a hunk of its own. */
  #hunks(header: string): readonly Hunk[] {
    const place = placeOf(header);
    if (!place) return [];
    const hunks: Hunk[] = [];
    let open: OpenHunk | undefined;
    const close = (): void => {
      if (open) hunks.push(hunkOf(open));
      open = undefined;
    };
    while (this.#at < this.#lines.length) {
      const isLineEnd = this.#peek().startsWith('\\');
      // What git says of a missing line end comes after the last line, when nothing is left to count.
      if (place.oldLeft <= 0 && place.newLeft <= 0 && !isLineEnd) break;
      const line = this.#next();
      if (isLineEnd) open?.raw.push(line);
      else if (line.startsWith('-') || line.startsWith('+')) {
        open ??= { oldStart: place.oldLine, newStart: place.newLine, lines: [], raw: [] };
        open.lines.push(line);
        open.raw.push(line);
      } else close();
      if (!isLineEnd) step(place, line.charAt(0));
    }
    close();
    return hunks;
  }

  #peek(): string {
    return this.#lines[this.#at] ?? '';
  }

  #next(): string {
    const line = this.#peek();
    this.#at++;
    return line;
  }
}

/** Changed lines as they are collected. */
interface OpenHunk {
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: string[];
  readonly raw: string[];
}

/** The next line on both sides, and how many are left of the range. */
interface Place {
  oldLine: number;
  newLine: number;
  oldLeft: number;
  newLeft: number;
}

function placeOf(header: string): Place | undefined {
  const [, oldFrom, oldCount = '1', newFrom, newCount = '1'] =
    /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(header) ?? [];
  if (oldFrom === undefined || newFrom === undefined) return undefined;
  const [oldLeft, newLeft] = [Number(oldCount), Number(newCount)];
  // An empty range starts at the line before.
  const oldLine = Number(oldFrom) + (oldLeft === 0 ? 1 : 0);
  const newLine = Number(newFrom) + (newLeft === 0 ? 1 : 0);
  return { oldLine, newLine, oldLeft, newLeft };
}

/** Goes past a line of the patch. */
function step(place: Place, sign: string): void {
  if (sign !== '+') {
    place.oldLine++;
    place.oldLeft--;
  }
  if (sign !== '-') {
    place.newLine++;
    place.newLeft--;
  }
}

function hunkOf(open: OpenHunk): Hunk {
  const { oldStart, newStart, lines, raw } = open;
  const newLines = lines.filter(line => line.startsWith('+')).length;
  const oldLines = lines.length - newLines;
  return {
    oldStart: oldLines === 0 ? oldStart - 1 : oldStart,
    oldLines,
    newStart: newLines === 0 ? newStart - 1 : newStart,
    newLines,
    lines,
    raw,
  };
}

/** What a patch says of lines: from which to which. */
export type PatchedLines = Pick<Hunk, 'oldStart' | 'oldLines' | 'newStart' | 'newLines' | 'raw'>;

/** A patch of some hunks of one file that is there before and after, without context. */
export function patchOfHunks(path: string, hunks: readonly PatchedLines[]): string {
  const name = (prefix: string): string => quoted(`${prefix}/${path}`);
  const ranges = hunks.map(({ oldStart, oldLines, newStart, newLines, raw }) =>
    [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`, ...raw].join('\n'),
  );
  return [`diff --git ${name('a')} ${name('b')}`, `--- ${name('a')}`, `+++ ${name('b')}`, ...ranges, ''].join('\n');
}

/** A name as git reads it: in double quotes, with everything but plain characters as octal numbers of its bytes. */
function quoted(name: string): string {
  const encoded = encodeURIComponent(name).replace(/%([0-9A-F]{2})/g, (_, byte: string) => {
    return `\\${Number.parseInt(byte, 16).toString(8).padStart(3, '0')}`;
  });
  return `"${encoded}"`;
}

/** Of a file without `---` and `+++` (it is binary, or only its mode changed) both names are the same. */
function samePath(names: string): string {
  const middle = (names.length - 1) / 2;
  const first = names.slice(0, middle);
  return Number.isInteger(middle) && names.charAt(middle) === ' ' ? (named(first, 'a/') ?? first) : names;
}

/** A name behind its prefix; undefined for no file. Git ends one that contains a space with a tab. */
function named(text: string, prefix: string): string | undefined {
  const name = unquoted(text.replace(/\t$/, ''));
  return name === '/dev/null' ? undefined : name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

const escapes: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['b', 8],
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
]);

/** A name as git quotes it: bytes that are not plain as octal numbers between double quotes. */
function unquoted(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"')) return text;
  const encoded = text.slice(1, -1).replace(/\\([0-7]{3}|.)|[^\\]+/g, (whole, escaped: string | undefined) => {
    if (escaped === undefined) return encodeURIComponent(whole);
    const byte = /^\d/.test(escaped) ? Number.parseInt(escaped, 8) : (escapes.get(escaped) ?? escaped.charCodeAt(0));
    return `%${byte.toString(16).padStart(2, '0')}`;
  });
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Not UTF-8: such a name cannot be told to anybody as it is.
    return text;
  }
}
