import { join } from 'node:path';

/**
 * Git's paths are bytes. The rest of the program (and every wire) has text, so a name that is not UTF-8 is written the way
 * git itself shows it: in double quotes, with `\ooo` for a byte. A name that merely looks so is quoted as well, so that
 * each text stands for exactly one path and {@link pathBytes} finds the file again.
 */
export function pathText(bytes: Uint8Array): string {
  const text = decodeExactly(bytes);
  return text === undefined || unquoted(text) !== undefined ? quoted(bytes) : text;
}

/** The bytes of a path that {@link pathText} made. */
export function pathBytes(text: string): Uint8Array {
  return unquoted(text) ?? new TextEncoder().encode(text);
}

/** For the paths of `-z` input: each ended by a NUL. `prefix` is a pathspec's magic. */
export function pathList(paths: readonly string[], prefix = ''): Uint8Array {
  return Buffer.concat(paths.flatMap(path => [Buffer.from(prefix), pathBytes(path), Buffer.of(0)]));
}

/** A path below a folder, for the file system. */
export function fileAt(folder: string, path: string): string | Buffer {
  const bytes = unquoted(path);
  return bytes === undefined ? join(folder, path) : Buffer.concat([Buffer.from(`${folder}/`), bytes]);
}

/** Bytes as one character each: what a record's ASCII part is parsed from without harming the path in it. */
export function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The path in a part of a {@link binary} text. */
export function binaryPath(text: string): string {
  return pathText(Buffer.from(text, 'latin1'));
}

function quoted(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) {
    if (byte === quote || byte === backslash) text += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `${text}"`;
}

/** The bytes of a quoted path; undefined for any text that {@link quoted} does not make. */
function unquoted(text: string): Uint8Array | undefined {
  if (!/^"(?:[^"\\\u0000-\u001f\u007f-\uffff]|\\["\\]|\\[0-3][0-7]{2})*"$/.test(text)) return undefined;
  const bytes = [...text.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\])/g)].map(([, octal, escaped, plain]) =>
    octal === undefined ? (escaped ?? plain ?? '').charCodeAt(0) : parseInt(octal, 8),
  );
  const found = Uint8Array.from(bytes);
  // What is text anyway is never quoted, except a name that has the very form of a quoted one.
  const inner = decodeExactly(found);
  return inner === undefined || unquoted(inner) !== undefined ? found : undefined;
}

/** Nothing for bytes that are no UTF-8. */
function decodeExactly(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const quote = 0x22;
const backslash = 0x5c;
