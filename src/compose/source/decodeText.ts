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

/**
 * Well-formed sequences, by their first byte: how many bytes they have and what the second one may be. Others are too long
 * for what they say, halves of a pair, or beyond the last character (Unicode, table 3-7).
 */
const sequences: readonly {
  readonly first: readonly [number, number];
  readonly length: number;
  readonly second: readonly [number, number];
}[] = [
  { first: [0x00, 0x7f], length: 1, second: [0x00, 0xff] },
  { first: [0xc2, 0xdf], length: 2, second: [0x80, 0xbf] },
  { first: [0xe0, 0xe0], length: 3, second: [0xa0, 0xbf] },
  { first: [0xe1, 0xec], length: 3, second: [0x80, 0xbf] },
  { first: [0xed, 0xed], length: 3, second: [0x80, 0x9f] },
  { first: [0xee, 0xef], length: 3, second: [0x80, 0xbf] },
  { first: [0xf0, 0xf0], length: 4, second: [0x90, 0xbf] },
  { first: [0xf1, 0xf3], length: 4, second: [0x80, 0xbf] },
  { first: [0xf4, 0xf4], length: 4, second: [0x80, 0x8f] },
];

/** How many bytes the character here has; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const found = sequences.find(({ first }) => isWithin(bytes[at], first));
  if (found === undefined) return 0;
  for (let index = 1; index < found.length; index++) {
    if (!isWithin(bytes[at + index], index === 1 ? found.second : [0x80, 0xbf])) return 0;
  }
  return found.length;
}

function isWithin(byte: number | undefined, [lowest, highest]: readonly [number, number]): boolean {
  return byte !== undefined && byte >= lowest && byte <= highest;
}
