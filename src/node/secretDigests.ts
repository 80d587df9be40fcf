import { createHmac } from 'node:crypto';

/** What is kept of one form of a secret: enough to recognise it, with the machine's key, and not to write it down. */
export interface SecretDigest {
  /** Of its first {@link prefixBytes} bytes, {@link prefixBits} bits: tells where a closer look is worth it. */
  readonly prefix: number;
  /** In bytes. */
  readonly length: number;
  /** So short that it counts only between characters that are not part of a word. */
  readonly word: boolean;
  readonly digest: string;
}

/** Fewer would be found in ordinary words all the time, and blotting those out would hide nothing but the output. */
export const prefixBytes = 4;
export const prefixBits = 18;
/** Shorter ones are looked for as whole words only. */
const plainBytes = 8;
/** Of a secret of several lines (a private key) the lines from this length on are secrets of their own. */
const lineBytes = 8;
/** JSON inside a string of JSON inside a line of JSON is as deep as agents' output has been seen. */
const jsonDepth = 3;
/** Values that switch something on or off say nothing, and blotting them out would make output unreadable. */
const ordinary = /^(?:true|false|null|none|undefined)$/i;
/** The same in every key file. */
const keyFrame = /^-----(?:BEGIN|END) [A-Z0-9 ]+-----$/;

/** Two odd numbers that nobody without the key can know, so that the prefixes in the database tell nothing by themselves. */
export interface PrefixKeys {
  readonly before: number;
  readonly times: number;
}

/** Keys for the prefixes and for the digests, derived from the machine's. */
export class SecretKeys {
  readonly prefix: PrefixKeys;
  readonly #digest: Buffer;

  constructor(machineKey: Buffer) {
    const derive = (name: string): Buffer => createHmac('sha256', machineKey).update(name).digest();
    const prefix = derive('muster secret prefixes');
    this.prefix = { before: prefix.readInt32LE(0), times: prefix.readInt32LE(4) | 1 };
    this.#digest = derive('muster secret digests');
  }

  /** 128 bits are enough to tell secrets from chance. */
  digest(bytes: Uint8Array): string {
    return createHmac('sha256', this.#digest).update(bytes).digest('base64url').slice(0, 22);
  }

  prefixOf(bytes: Uint8Array): number {
    const word = ((bytes[0] ?? 0) << 24) | ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    return hashPrefix(word, this.prefix);
  }
}

/** The hash of four bytes. */
export function hashPrefix(word: number, { before, times }: PrefixKeys): number {
  return Math.imul(word ^ before, times) >>> (32 - prefixBits);
}

/** Digests of every form in which these values may stand in output. */
export function digestSecrets(values: Iterable<string>, keys: SecretKeys): readonly SecretDigest[] {
  const forms = new Set<string>();
  for (const value of values) for (const part of partsOf(value)) for (const form of formsOf(part)) forms.add(form);
  const digests: SecretDigest[] = [];
  for (const form of forms) {
    const bytes = Buffer.from(form);
    if (bytes.length < prefixBytes) continue;
    const word = bytes.length < plainBytes;
    digests.push({ prefix: keys.prefixOf(bytes), length: bytes.length, word, digest: keys.digest(bytes) });
  }
  return digests;
}

/** The lines of a secret of several lines: agents print, quote and wrap them one by one. */
function partsOf(value: string): readonly string[] {
  const whole = value.trim();
  if (ordinary.test(whole)) return [];
  const lines = whole.split(/[\r\n]+/).map(line => line.trim());
  if (lines.length === 1) return [whole];
  return lines.filter(line => line.length >= lineBytes && !keyFrame.test(line));
}

/** As it is, in an address, and in JSON as different writers escape it, also several times over. */
function formsOf(text: string): ReadonlySet<string> {
  const forms = new Set([text]);
  let layer = new Set([text]);
  for (let depth = 0; depth < jsonDepth; depth++) {
    layer = new Set([...layer].flatMap(jsonForms));
    for (const form of layer) forms.add(form);
  }
  if (text.isWellFormed()) forms.add(encodeURIComponent(text));
  return forms;
}

/** JavaScript leaves most as it is, Python escapes what is not ASCII, Go what HTML knows, PHP the slash. */
function jsonForms(text: string): readonly string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const ascii = plain.replace(/[\u007f-\uffff]/g, escape);
  return [plain, ascii, plain.replace(/[<>&\u2028\u2029]/g, escape), ascii.replaceAll('/', '\\/')];
}
