/** Lines that stand together and were added, removed or replaced. Lines are 1-based; a start of an empty range is the line before. */
export interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  /** The changed lines as a patch has them, with `-` or `+`. */
  readonly lines: readonly string[];
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
    const [, oldFrom, oldCount = '1', newFrom, newCount = '1'] =
      /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(header) ?? [];
    if (oldFrom === undefined || newFrom === undefined) return [];
    let [oldLeft, newLeft] = [Number(oldCount), Number(newCount)];
    // An empty range starts at the line before.
    let [oldLine, newLine] = [Number(oldFrom) + (oldLeft === 0 ? 1 : 0), Number(newFrom) + (newLeft === 0 ? 1 : 0)];
    const hunks: Hunk[] = [];
    let open: { readonly oldStart: number; readonly newStart: number; readonly lines: string[] } | undefined;
    const close = (): void => {
      if (open) hunks.push(hunkOf(open));
      open = undefined;
    };
    while ((oldLeft > 0 || newLeft > 0) && this.#at < this.#lines.length) {
      const line = this.#next();
      const sign = line.charAt(0);
      if (sign === '\\') continue;
      if (sign === '-' || sign === '+') {
        open ??= { oldStart: oldLine, newStart: newLine, lines: [] };
        open.lines.push(line);
      } else close();
      if (sign !== '+') {
        oldLine++;
        oldLeft--;
      }
      if (sign !== '-') {
        newLine++;
        newLeft--;
      }
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

function hunkOf({
  oldStart,
  newStart,
  lines,
}: {
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: readonly string[];
}): Hunk {
  const newLines = lines.filter(line => line.startsWith('+')).length;
  const oldLines = lines.length - newLines;
  return {
    oldStart: oldLines === 0 ? oldStart - 1 : oldStart,
    oldLines,
    newStart: newLines === 0 ? newStart - 1 : newStart,
    newLines,
    lines,
  };
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
