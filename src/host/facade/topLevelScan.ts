/** Where the value of a member stands, in bytes of the whole text. */
export interface ValueRange {
  readonly start: number;
  readonly end: number;
}

const quote = 0x22;
const backslash = 0x5c;
/** No key of these APIs is near it; a longer one is not theirs. */
const maxKeyBytes = 256;
/** Deeper ones are refused: nobody's request needs them, and whoever reads it after us may not bear them. */
const maxDepth = 512;

/**
 * Finds the members of a JSON object while its bytes come in, so that a request of 64 MiB never holds up the event loop as
 * `JSON.parse` would. It trusts nobody: a member that is there twice, or that others might take for it (`Model`), is a problem.
 */
export class TopLevelScan {
  readonly #ranges = new Map<string, ValueRange>();
  readonly #wanted: ReadonlySet<string>;
  #problem: string | undefined;
  #at = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** What stands between two tokens of the outermost object. */
  #expects: 'start' | 'key' | 'colon' | 'value' | 'comma' | 'end' = 'start';
  #key: number[] | undefined;
  #name = '';
  #valueStart = -1;

  /** `wanted`: members that may be asked for. */
  constructor(wanted: readonly string[]) {
    this.#wanted = new Set(wanted);
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#problem !== undefined) return;
      this.#take(byte);
      this.#at++;
    }
  }

  /** After the last byte: why this is no request, or `undefined`. */
  finish(): string | undefined {
    if (this.#problem === undefined && this.#expects !== 'end') this.#problem = 'The body is not a JSON object.';
    return this.#problem;
  }

  /** Where the value of a wanted member stands. */
  range(name: string): ValueRange | undefined {
    return this.#ranges.get(name);
  }

  #take(byte: number): void {
    if (this.#inString) this.#inText(byte);
    else if (byte === quote) this.#textBegins();
    else if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    else this.#between(byte);
  }

  #inText(byte: number): void {
    if (this.#key && (byte !== quote || this.#escaped)) this.#key.push(byte);
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#textEnds();
    if (this.#key && this.#key.length > maxKeyBytes) this.#refuse('A member of the body has a name without end.');
  }

  #textBegins(): void {
    this.#inString = true;
    if (this.#depth === 0) return this.#refuse('The body is not a JSON object.');
    if (this.#depth > 1) return;
    if (this.#expects === 'key') this.#key = [];
    else this.#valueBegins();
  }

  #textEnds(): void {
    this.#inString = false;
    if (this.#depth !== 1) return;
    if (this.#key) {
      this.#name = this.#nameOf(this.#key);
      this.#key = undefined;
      this.#expects = 'colon';
    }
  }

  #between(byte: number): void {
    switch (byte) {
      case 0x7b: // {
      case 0x5b: // [
        return this.#opens(byte);
      case 0x7d: // }
      case 0x5d: // ]
        return this.#closes(byte);
      case 0x3a: // :
        if (this.#depth === 1 && this.#expects === 'colon') this.#expects = 'value';
        else if (this.#depth === 1) this.#refuse('The body is not JSON.');
        return;
      case 0x2c: // ,
        if (this.#depth === 1) this.#memberEnds();
        return;
      default:
        if (this.#depth === 1) this.#valueBegins();
        else if (this.#depth === 0) this.#refuse('The body is not a JSON object.');
    }
  }

  #opens(byte: number): void {
    if (this.#depth === 0) {
      if (this.#expects !== 'start' || byte !== 0x7b) return this.#refuse('The body is not a JSON object.');
      this.#expects = 'key';
    } else if (this.#depth === 1) this.#valueBegins();
    this.#depth++;
    if (this.#depth > maxDepth) this.#refuse(`The body is nested more than ${maxDepth} deep.`);
  }

  #closes(byte: number): void {
    if (this.#depth === 0) return this.#refuse('The body is not a JSON object.');
    if (this.#depth === 1) {
      if (byte !== 0x7d) return this.#refuse('The body is not JSON.');
      if (this.#expects === 'comma') this.#memberEnds();
      else if (this.#expects !== 'key') return this.#refuse('The body is not JSON.');
      this.#expects = 'end';
    }
    this.#depth--;
  }

  #valueBegins(): void {
    if (this.#expects === 'comma') return;
    if (this.#expects !== 'value') return this.#refuse('The body is not JSON.');
    this.#valueStart = this.#at;
    this.#expects = 'comma';
  }

  #memberEnds(): void {
    if (this.#expects !== 'comma') return this.#refuse('The body is not JSON.');
    const name = this.#name;
    const known = name.toLowerCase();
    if (this.#wanted.has(known)) {
      if (known !== name || this.#ranges.has(name)) return this.#refuse(`The body has more than one member ${known}.`);
      this.#ranges.set(name, { start: this.#valueStart, end: this.#at });
    }
    this.#expects = 'key';
  }

  /** With its escapes resolved: `mod\u0065l` is a model to everybody else. */
  #nameOf(bytes: readonly number[]): string {
    try {
      const name: unknown = JSON.parse(`"${Buffer.from(bytes).toString('utf8')}"`);
      return typeof name === 'string' ? name : '';
    } catch {
      this.#refuse('The body is not JSON.');
      return '';
    }
  }

  #refuse(problem: string): void {
    this.#problem ??= problem;
  }
}
