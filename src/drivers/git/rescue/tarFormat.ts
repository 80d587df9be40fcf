/**
 * The few entry kinds of the POSIX tar format that an archive of a worktree's files needs (regular files, folders, symbolic
 * links, and "pax" records for long names), so that a person can open the archive with any tar.
 *
 * Names are bytes, held as texts of one character per byte (`binary` of `gitPath.ts`).
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
/** Longest name and link target that fit into a header block. */
const longestName = 100;
/** Sizes above are written as pax records: eleven octal digits hold no more. */
const largestOctal = 0o77777777777;
/** No record that we write is longer; a header that claims more is not read into memory. */
const longestPax = 1024 * 1024;

/** Two empty blocks. */
export const tarEnd = Buffer.alloc(2 * tarBlock);

/** The zero bytes that fill the last block of `size` bytes. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((tarBlock - (size % tarBlock)) % tarBlock);
}

/** The header blocks of an entry; a file's bytes and {@link tarPadding} follow. */
export function tarHeader(entry: TarEntry): Buffer {
  const name = entry.kind === 'folder' ? `${entry.path}/` : entry.path;
  const size = entry.kind === 'file' ? entry.size : 0;
  const link = entry.target ?? '';
  const header = headerBlock({ name, mode: entry.mode, size, flag: typeFlags[entry.kind], link });
  const records = [
    ...(name.length > longestName ? [paxRecord('path', name)] : []),
    ...(link.length > longestName ? [paxRecord('linkpath', link)] : []),
    ...(size > largestOctal ? [paxRecord('size', String(size))] : []),
  ];
  if (records.length === 0) return header;
  const pax = Buffer.concat(records);
  const first = headerBlock({ name: 'pax', mode: 0o600, size: pax.length, flag: 'x', link: '' });
  return Buffer.concat([first, pax, tarPadding(pax.length), header]);
}

interface HeaderFields {
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  readonly flag: string;
  readonly link: string;
}

/** One block: fields at the places that the format gives them, and a sum over all bytes. */
function headerBlock(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(tarBlock);
  const put = (at: number, length: number, text: string): void => {
    block.write(text.slice(0, length), at, 'latin1');
  };
  put(0, longestName, fields.name);
  put(100, 8, octal(fields.mode & 0o7777, 8));
  put(108, 8, octal(0, 8));
  put(116, 8, octal(0, 8));
  put(124, 12, octal(fields.size > largestOctal ? 0 : fields.size, 12));
  put(136, 12, octal(0, 12));
  put(148, 8, '        ');
  put(156, 1, fields.flag);
  put(157, longestName, fields.link);
  put(257, 8, 'ustar\x0000');
  let sum = 0;
  for (const byte of block) sum += byte;
  put(148, 8, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

/** Reads a stream of archive bytes: `entry` hears each entry, `data` the bytes of the file that was last announced. */
export class TarReader {
  #rest: Buffer = Buffer.alloc(0);
  #left = 0;
  #padding = 0;
  #pax: { size: number; bytes: Buffer[] } | undefined;
  #names = new Map<string, string>();

  /** Yields what the bytes complete. Throws on bytes that are no archive. */
  *push(chunk: Buffer): Generator<{ readonly entry: TarEntry } | { readonly data: Buffer }> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      if (this.#left > 0) {
        const data = bytes.subarray(0, this.#left);
        bytes = bytes.subarray(data.length);
        this.#left -= data.length;
        if (this.#pax) this.#pax.bytes.push(data);
        else if (data.length > 0) yield { data };
        if (this.#left > 0) break;
      }
      if (this.#pax) {
        this.#names = parsePax(Buffer.concat(this.#pax.bytes));
        this.#pax = undefined;
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
    this.#rest = Buffer.from(bytes);
  }

  /** Throws when the archive ended in the middle of an entry. */
  end(): void {
    if (this.#left > 0 || this.#padding > 0 || this.#rest.length > 0) throw new Error('The archive is cut off');
  }

  #header(block: Buffer): TarEntry | undefined {
    const text = (at: number, length: number): string =>
      block.toString('latin1', at, at + length).split('\0', 1)[0] ?? '';
    if (text(257, 5) !== 'ustar') throw new Error('Not a tar archive');
    const flag = text(156, 1);
    const names = this.#names;
    const declared = Number.parseInt(text(124, 12), 8);
    const size = flag === 'x' ? declared : Number(names.get('size') ?? declared);
    if (!Number.isSafeInteger(size) || size < 0) throw new Error('Not a tar archive');
    this.#left = size;
    this.#padding = (tarBlock - (size % tarBlock)) % tarBlock;
    if (flag === 'x') {
      if (size > longestPax) throw new Error('Not a tar archive');
      this.#pax = { size, bytes: [] };
      return undefined;
    }
    this.#names = new Map();
    const path = (names.get('path') ?? text(0, longestName)).replace(/\/$/, '');
    const target = names.get('linkpath') ?? text(157, longestName);
    const mode = Number.parseInt(text(100, 8), 8);
    if (flag === typeFlags.folder) return { kind: 'folder', path, mode, size };
    return flag === typeFlags.link ? { kind: 'link', path, mode, size, target } : { kind: 'file', path, mode, size };
  }
}

/** `<length of this record> <key>=<value>\n`; the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const body = ` ${key}=${value}\n`;
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.from(`${length}${body}`, 'latin1');
}

function parsePax(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at);
    const length = Number(bytes.toString('latin1', at, Math.max(at, space)));
    if (space < 0 || !(length > 0)) throw new Error('Not a tar archive');
    const record = bytes.toString('latin1', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}
