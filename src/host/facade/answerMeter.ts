import type { ModelProtocol } from '../../core/models/modelProtocol.js';
import { noTokens, type TokenCounts } from '../../core/models/tokenCounts.js';
import { tokenReaders, usageMarks } from '../../core/models/usage/tokenReader.js';

/** Whole answers and single events longer than this are not read; what they used is put together from their size. */
const maxReadBytes = 32 * 1024 * 1024;
const newline = 0x0a;
/** Roughly: text of a request or an answer per token, and events of a stream, which say little each. */
const bytesPerToken = 4;
const streamBytesPerToken = 48;

/**
 * Reads what an answer used while its bytes go by, and changes none of them. Of a stream only the events are parsed that have the
 * protocol's mark; everything else is passed over at the speed of a byte search.
 */
export class AnswerMeter {
  readonly #protocol: ModelProtocol;
  readonly #isStream: boolean;
  readonly #readable: boolean;
  readonly #mark: Buffer;
  readonly #requestBytes: number;
  /** How much of the beginning is kept. */
  readonly #keeps: number;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #tokens: TokenCounts | undefined;
  /** An event was too long to be read. */
  #skipped = false;

  constructor(options: {
    readonly protocol: ModelProtocol;
    readonly contentType: string;
    /** Undefined or `identity` when the bytes can be read. */
    readonly contentEncoding: string | undefined;
    readonly requestBytes: number;
    /** Bytes of the beginning to keep, for who wants to look at it. */
    readonly keeps?: number;
  }) {
    this.#protocol = options.protocol;
    this.#isStream = options.contentType.startsWith('text/event-stream');
    this.#readable = options.contentEncoding === undefined || options.contentEncoding === 'identity';
    this.#mark = Buffer.from(usageMarks[options.protocol]);
    this.#requestBytes = options.requestBytes;
    this.#keeps = options.keeps ?? 0;
  }

  /** Takes the next bytes of the answer. What it keeps of them is a copy: their memory is somebody else's. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#keptBytes < this.#keeps) {
      this.#kept.push(Buffer.from(chunk));
      this.#keptBytes += chunk.length;
    }
    if (!this.#readable) return;
    if (!this.#isStream) return this.#keep(chunk);
    const lastLine = chunk.lastIndexOf(newline);
    if (lastLine < 0) return this.#keep(chunk);
    // Only the line that began earlier is put together; the others are looked at where they are.
    const firstLine = this.#pendingBytes === 0 ? -1 : chunk.indexOf(newline);
    if (firstLine >= 0) this.#readLines(this.#takePending(chunk.subarray(0, firstLine + 1)));
    this.#readLines(chunk.subarray(firstLine + 1, lastLine + 1));
    this.#keep(chunk.subarray(lastLine + 1));
  }

  /** The beginning of the answer. */
  get beginning(): Buffer {
    return Buffer.concat(this.#kept).subarray(0, this.#keeps);
  }

  /** What it came to. `complete`: the upstream said all it wanted to say. */
  finish({ complete }: { readonly complete: boolean }): { readonly tokens: TokenCounts; readonly estimated: boolean } {
    if (this.#pendingBytes > 0) {
      const rest = this.#takePending(Buffer.alloc(0));
      if (this.#isStream) this.#readLines(rest);
      else this.#read(rest.toString('utf8'));
    }
    if (this.#tokens && complete && !this.#skipped) return { tokens: this.#tokens, estimated: false };
    const known = this.#tokens ?? { ...noTokens, input: Math.ceil(this.#requestBytes / bytesPerToken) };
    const said = Math.ceil(this.#bytes / (this.#isStream ? streamBytesPerToken : bytesPerToken));
    return { tokens: { ...known, output: Math.max(known.output, said) }, estimated: true };
  }

  #keep(chunk: Buffer): void {
    if (this.#pendingBytes + chunk.length > maxReadBytes) {
      this.#pending = [];
      this.#pendingBytes = 0;
      this.#skipped = true;
      return;
    }
    if (chunk.length === 0) return;
    this.#pending.push(Buffer.from(chunk));
    this.#pendingBytes += chunk.length;
  }

  #takePending(chunk: Buffer): Buffer {
    if (this.#pendingBytes === 0) return chunk;
    const whole = Buffer.concat([...this.#pending, chunk]);
    this.#pending = [];
    this.#pendingBytes = 0;
    return whole;
  }

  #readLines(lines: Buffer): void {
    for (let at = lines.indexOf(this.#mark); at >= 0;) {
      const start = lines.lastIndexOf(newline, at) + 1;
      const end = lines.indexOf(newline, at);
      const line = lines.subarray(start, end < 0 ? lines.length : end).toString('utf8');
      if (line.startsWith('data:')) this.#read(line.slice('data:'.length));
      at = end < 0 ? -1 : lines.indexOf(this.#mark, end);
    }
  }

  #read(json: string): void {
    try {
      this.#tokens = tokenReaders[this.#protocol](this.#tokens, JSON.parse(json));
    } catch {
      // An answer that is no JSON says nothing of what it used.
    }
  }
}
