import { hashPrefix, prefixBits, prefixBytes, type SecretDigest, type SecretKeys } from './secretDigests.js';

const base64Url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'.split('');

/** Shapes of well-known keys, so that one which nobody announced is hidden too. Each begins with its first four characters. */
const knownShapes: readonly (readonly [prefixes: readonly string[], shape: RegExp])[] = [
  [base64Url.map(next => `sk-${next}`), /sk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20,}/y],
  [['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], /gh[pousr]_[A-Za-z0-9]{30,}/y],
  [['gith'], /github_pat_[A-Za-z0-9_]{40,}/y],
  [['AIza'], /AIza[0-9A-Za-z_-]{35}/y],
  [['AKIA'], /AKIA[0-9A-Z]{16}(?![A-Za-z0-9_])/y],
  [['xoxa', 'xoxb', 'xoxp', 'xoxr', 'xoxs'], /xox[abprs]-[A-Za-z0-9-]{10,}/y],
  [['glpa'], /glpat-[A-Za-z0-9_-]{20,}/y],
  [['sk_l', 'sk_t', 'rk_l', 'rk_t'], /[sr]k_(?:live|test)_[A-Za-z0-9]{20,}/y],
  // A JSON Web Token: three parts, of which the first is a JSON object.
  [base64Url.map(next => `eyJ${next}`), /eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/y],
  // A private key with its body in the same line, from behind its first dashes up to where it ends; line ends may be escaped, also twice.
  [
    ['BEGI'],
    /BEGIN [A-Z ]*PRIVATE KEY-----(?:\\+[nr]|[\r\n])*[A-Za-z0-9+/]{16}(?:(?!-----END )[A-Za-z0-9+/=,: \r\n-]|\\+[nr])*/y,
  ],
];
/** What a shape is matched against: longer keys are hidden as far as this. */
const longestShape = 8_192;

const asterisk = 0x2a;
const backslash = 0x5c;
const escapable = new Set(Buffer.from('"\\/bfnrtu'));

interface Candidates {
  /** Longest first, so that a secret which contains another is hidden whole. */
  readonly digests: SecretDigest[];
  readonly shapes: RegExp[];
}

/** From byte `from` up to `to`. */
interface Found {
  readonly from: number;
  readonly to: number;
}

/**
 * Hides secrets in bytes, by their digests: the values are not needed. Every byte costs one multiplication and one look into
 * a table of 32 kB; only where that finds the beginning of a secret is a digest computed.
 *
 * A secret is hidden by as many asterisks as it has bytes, so that places in a file stay what they are.
 */
export class SecretMask {
  /** How many bytes around a place must be seen to know whether it is part of a secret. */
  readonly reach: number;
  readonly #keys: SecretKeys;
  readonly #table = new Uint8Array(2 ** prefixBits / 8);
  readonly #candidates = new Map<number, Candidates>();

  constructor(digests: readonly SecretDigest[], keys: SecretKeys) {
    this.#keys = keys;
    for (const digest of digests) this.#at(digest.prefix).digests.push(digest);
    for (const { digests: list } of this.#candidates.values()) list.sort((a, b) => b.length - a.length);
    for (const [prefixes, shape] of knownShapes)
      for (const prefix of prefixes) this.#at(keys.prefixOf(Buffer.from(prefix))).shapes.push(shape);
    this.reach = digests.reduce((most, { length }) => Math.max(most, length), longestShape) + 1;
  }

  /** Overwrites every secret that lies between `from` and `to`; where they were. */
  hide(bytes: Buffer, from = 0, to = bytes.length): readonly Found[] {
    const found = this.#find(bytes, from, to);
    for (const range of found) bytes.fill(asterisk, range.from, range.to);
    return found;
  }

  /** The text with secrets hidden. */
  hideIn(text: string): string {
    const bytes = Buffer.from(text);
    return this.hide(bytes).length === 0 ? text : bytes.toString();
  }

  #at(prefix: number): Candidates {
    this.#table[prefix >> 3] = (this.#table[prefix >> 3] ?? 0) | (1 << (prefix & 7));
    let candidates = this.#candidates.get(prefix);
    if (!candidates) this.#candidates.set(prefix, (candidates = { digests: [], shapes: [] }));
    return candidates;
  }

  #find(bytes: Buffer, from: number, to: number): readonly Found[] {
    const found: Found[] = [];
    const table = this.#table;
    const keys = this.#keys.prefix;
    let word = 0;
    for (let at = from; at < to; at++) {
      word = (word << 8) | (bytes[at] ?? 0);
      const start = at - prefixBytes + 1;
      if (start < from) continue;
      const prefix = hashPrefix(word, keys);
      if (((table[prefix >> 3] ?? 0) & (1 << (prefix & 7))) === 0) continue;
      const length = this.#lengthAt(bytes, { from: start, to }, prefix);
      if (length > 0) found.push({ from: begin(bytes, start), to: start + length });
    }
    return found;
  }

  /** The length of the secret that begins here; 0 when none does. */
  #lengthAt(bytes: Buffer, { from, to }: Found, prefix: number): number {
    const candidates = this.#candidates.get(prefix);
    if (!candidates) return 0;
    for (const { length, word, digest } of candidates.digests) {
      if (from + length > to || (word && !isAlone(bytes, from, from + length))) continue;
      if (this.#keys.digest(bytes.subarray(from, from + length)) === digest) return length;
    }
    if (candidates.shapes.length === 0 || !isAlone(bytes, from)) return 0;
    const text = bytes.toString('latin1', from, Math.min(to, from + longestShape));
    for (const shape of candidates.shapes) {
      shape.lastIndex = 0;
      if (shape.test(text)) return shape.lastIndex;
    }
    return 0;
  }
}

/** A backslash that escapes the first character goes with it: `\*` would not be JSON any more. */
function begin(bytes: Buffer, start: number): number {
  if (!escapable.has(bytes[start] ?? 0)) return start;
  let backslashes = 0;
  while (bytes[start - 1 - backslashes] === backslash) backslashes++;
  return backslashes % 2 === 1 ? start - 1 : start;
}

/** No part of a longer word. The letter of an escape (`\n`) before it belongs to the escape. */
function isAlone(bytes: Buffer, from: number, to?: number): boolean {
  const before = isWord(bytes[from - 1]) && bytes[from - 2] !== backslash;
  return !before && (to === undefined || !isWord(bytes[to]));
}

function isWord(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const letter = byte | 0x20;
  return isDigit || byte === 0x5f || (letter >= 0x61 && letter <= 0x7a) || byte >= 0x80;
}
