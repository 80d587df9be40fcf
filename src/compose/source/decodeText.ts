export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

export type TextReading =
  | { readonly ok: true; readonly text: string }
  /** The first byte that is of no character; lines and columns from 1. */
  | { readonly ok: false; readonly line: number; readonly column: number };

/**
 * The text of a file: UTF-8, or UTF-16 with a byte order mark. Bytes that are no text are not replaced by something else:
 * the file would mean what nobody wrote. `decode` is that of the platform.
 */
export function decodeText(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array, encoding: TextEncoding) => string,
): TextReading {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { ok: true, text: decode(bytes, 'utf-16le') };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { ok: true, text: decode(bytes, 'utf-16be') };
  const wrong = firstWrongByte(bytes);
  if (wrong < 0) return { ok: true, text: decode(bytes, 'utf-8') };
  const before = decode(bytes.subarray(0, wrong), 'utf-8').split('\n');
  return { ok: false, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The sentence for a file that is not text. */
export function undecodable({ line, column }: { readonly line: number; readonly column: number }): string {
  return `parse compose: line ${line}, column ${column}: the bytes here are not UTF-8; save the file in that encoding`;
}

function firstWrongByte(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return -1;
}

/** How many bytes the character here has; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (let index = 1; index < length; index++) {
    if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  const second = bytes[at + 1] ?? 0;
  // Too long for what they say, halves of a pair, and beyond the last character.
  const isBeyond =
    (first === 0xe0 && second < 0xa0) ||
    (first === 0xed && second > 0x9f) ||
    (first === 0xf0 && second < 0x90) ||
    (first === 0xf4 && second > 0x8f);
  return isBeyond ? 0 : length;
}
