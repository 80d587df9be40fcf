import type { SecretMask } from '../../node/secretMask.js';
import { maxLineLength } from '../../core/runs/runOutput.js';
import type { OutputLine } from '../../core/runs/runOutput.js';

const newline = 0x0a;

/** Cuts a stream of bytes into lines, keeping at most one unfinished line of {@link maxLineLength} bytes in memory. */
export class LineSplitter {
  /** Copies of the unfinished line's pieces. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #position: number;

  readonly #mask: SecretMask;

  /** `position` is the offset in the file of the first byte that will be pushed; `mask` hides secrets in each line. */
  constructor(position: number, mask: SecretMask) {
    this.#position = position;
    this.#mask = mask;
  }

  /** Offset of the next byte to push. */
  get position(): number {
    return this.#position;
  }

  /** Returns the lines that `chunk` completes, and overwrites secrets in it. The caller may reuse its memory afterwards. */
  push(chunk: Buffer): OutputLine[] {
    const lines: OutputLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      const end = this.#position + at + 1;
      if (this.#keptBytes === 0 && at - from <= maxLineLength) {
        this.#mask.hide(chunk, from, at);
        lines.push({ text: chunk.toString('utf8', from, at), truncated: false, end });
      } else {
        this.#keep(chunk.subarray(from, at));
        lines.push(this.#take(end));
      }
      from = at + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
    this.#position += chunk.length;
    return lines;
  }

  /** The unfinished line at the end of the stream, if there is one. */
  flush(): OutputLine | undefined {
    return this.#keptBytes === 0 ? undefined : this.#take(this.#position);
  }

  /** A little more than a line may have: a secret that the cut goes through must be seen whole. */
  #keep(piece: Buffer): void {
    const room = maxLineLength + this.#mask.reach - this.#keptBytes;
    if (room === 0 || piece.length === 0) return;
    const copy = Buffer.from(piece.subarray(0, room));
    this.#kept.push(copy);
    this.#keptBytes += copy.length;
  }

  #take(end: number): OutputLine {
    const all = Buffer.concat(this.#kept, this.#keptBytes);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#mask.hide(all);
    const truncated = all.length > maxLineLength;
    const bytes = truncated ? all.subarray(0, maxLineLength) : all;
    return { text: bytes.toString('utf8', 0, truncated ? wholeCharacters(bytes) : bytes.length), truncated, end };
  }
}

/** Length without a UTF-8 character that the end of `bytes` cuts in two. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
