/**
 * The few entry kinds of the POSIX tar format that an archive of ignored files needs (regular files, folders, symbolic
 * links, and "pax" records for long names), so that a person can open the archive with any tar.
 */
export interface TarEntry {
  readonly kind: 'file' | 'folder' | 'link';
  /** Relative, `/`-separated, without a final slash. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** Bytes of a file; 0 otherwise. */
  readonly size: number;
  /** Target of a link. */
  readonly target?: string;
}

const tarBlock = 512;
const typeFlags = { file: '0', folder: '5', link: '2' } as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Two empty blocks. */
export const tarEnd = new Uint8Array(2 * tarBlock);

/** The zero bytes that fill the last block of `size` bytes. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((tarBlock - (size % tarBlock)) % tarBlock);
}

/** The header blocks of an entry; a file's bytes and {@link tarPadding} follow. */
export function tarHeader(entry: TarEntry): Uint8Array {
  const name = entry.kind === 'folder' ? `${entry.path}/` : entry.path;
  const records = [paxRecord('path', name), ...(entry.target ? [paxRecord('linkpath', entry.target)] : [])];
  const pax = Buffer.concat(records);
  return Buffer.concat([
    headerBlock({ name: 'pax', mode: 0o600, size: pax.length, flag: 'x', link: '' }),
    pax,
    tarPadding(pax.length),
    headerBlock({
      name,
      mode: entry.mode,
      size: entry.kind === 'file' ? entry.size : 0,
      flag: typeFlags[entry.kind],
      link: entry.target ?? '',
    }),
  ]);
}

interface HeaderFields {
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  readonly flag: string;
  readonly link: string;
}

/** One block: fields at the places that the format gives them, and a sum over all bytes. */
function headerBlock(fields: HeaderFields): Uint8Array {
  const block = new Uint8Array(tarBlock);
  const put = (at: number, length: number, text: string): void => {
    block.set(encoder.encode(text).subarray(0, length), at);
  };
  put(0, 100, fields.name);
  put(100, 8, octal(fields.mode & 0o7777, 8));
  put(108, 8, octal(0, 8));
  put(116, 8, octal(0, 8));
  put(124, 12, octal(fields.size, 12));
  put(136, 12, octal(0, 12));
  put(148, 8, '        ');
  put(156, 1, fields.flag);
  put(157, 100, fields.link);
  put(257, 8, 'ustar\x0000');
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, 8, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

/** Reads a stream of archive bytes: `entry` hears each entry, `data` the bytes of the file that was last announced. */
export class TarReader {
  #rest: Uint8Array = new Uint8Array();
  #left = 0;
  #padding = 0;
  #pax: { size: number; bytes: Uint8Array[] } | undefined;
  #names = new Map<string, string>();

  /** Yields what the bytes complete. Throws on bytes that are no archive. */
  *push(chunk: Uint8Array): Generator<{ readonly entry: TarEntry } | { readonly data: Uint8Array }> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      if (this.#left > 0) {
        const data = bytes.subarray(0, this.#left);
        bytes = bytes.subarray(data.length);
        this.#left -= data.length;
        if (this.#pax) this.#pax.bytes.push(data);
        else if (data.length > 0) yield { data };
        if (this.#left > 0) break;
        if (this.#pax) {
          this.#names = parsePax(Buffer.concat(this.#pax.bytes));
          this.#pax = undefined;
        }
      }
      if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, bytes.length);
        bytes = bytes.subarray(skipped);
        this.#padding -= skipped;
      }
      if (this.#padding > 0 || bytes.length < tarBlock) break;
      const block = bytes.subarray(0, tarBlock);
      bytes = bytes.subarray(tarBlock);
      if (block.every(byte => byte === 0)) continue;
      const entry = this.#header(block);
      if (entry) yield { entry };
    }
    this.#rest = bytes.slice();
  }

  #header(block: Uint8Array): TarEntry | undefined {
    const text = (at: number, length: number): string =>
      decoder.decode(block.subarray(at, at + length)).split('\0')[0] ?? '';
    if (text(257, 5) !== 'ustar') throw new Error('Not a tar archive');
    const size = Number.parseInt(text(124, 12), 8);
    this.#left = size;
    this.#padding = tarPadding(size).length;
    const flag = text(156, 1);
    if (flag === 'x') {
      this.#pax = { size, bytes: [] };
      return undefined;
    }
    const names = this.#names;
    this.#names = new Map();
    const path = (names.get('path') ?? text(0, 100)).replace(/\/$/, '');
    const target = names.get('linkpath') ?? text(157, 100);
    const mode = Number.parseInt(text(100, 8), 8);
    if (flag === typeFlags.folder) return { kind: 'folder', path, mode, size };
    return flag === typeFlags.link ? { kind: 'link', path, mode, size, target } : { kind: 'file', path, mode, size };
  }
}

/** `<length of this record> <key>=<value>\n`; the length counts its own digits. */
function paxRecord(key: string, value: string): Uint8Array {
  const body = encoder.encode(` ${key}=${value}\n`);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([encoder.encode(String(length)), body]);
}

function parsePax(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at);
    const length = Number(decoder.decode(bytes.subarray(at, space)));
    if (space < 0 || !(length > 0)) throw new Error('Not a tar archive');
    const record = decoder.decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}
