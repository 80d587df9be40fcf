import type { RequestBody } from './requestBody.js';
import { jsonValue } from '../../base/jsonObject.js';
import { isRecord } from '../../base/unknownFields.js';

/**
 * Streams of Chat Completions say what they used only when they are asked to. A client that did not ask gets the answer without
 * the event that it did not expect.
 */
export function askForUsage(body: RequestBody): Buffer | undefined {
  if (body.value('stream')?.toString('latin1').trim() !== 'true') return undefined;
  const options = body.value('stream_options');
  if (!options) {
    const start = body.bytes.indexOf(0x7b) + 1;
    return Buffer.concat([body.bytes.subarray(0, start), asked, body.bytes.subarray(start)]);
  }
  const given = parseObject(options);
  if (!given || given['include_usage'] === true) return undefined;
  const at = options.byteOffset - body.bytes.byteOffset;
  return Buffer.concat([
    body.bytes.subarray(0, at),
    Buffer.from(JSON.stringify({ ...given, include_usage: true })),
    body.bytes.subarray(at + options.length),
  ]);
}

/** A member that stands first; the object has others. */
const asked = Buffer.from('"stream_options":{"include_usage":true},');
const newline = 0x0a;
/** How the last event says that it has nothing but counts. */
const marks = ['"choices":[]', '"choices": []'].map(mark => Buffer.from(mark));

/** Takes the event with the counts out of a stream; every other byte passes as it came. */
export class UsageEventFilter {
  #partial: Buffer = Buffer.alloc(0);
  /** The empty line after an event that was taken out is part of it. */
  #dropsEmpty = false;

  /** What of the stream may go on. */
  push(chunk: Buffer): Buffer {
    const end = chunk.lastIndexOf(newline) + 1;
    if (end === 0) {
      this.#partial = Buffer.concat([this.#partial, chunk]);
      return Buffer.alloc(0);
    }
    const lines = Buffer.concat([this.#partial, chunk.subarray(0, end)]);
    this.#partial = chunk.subarray(end);
    if (!this.#dropsEmpty && !marks.some(mark => lines.includes(mark))) return lines;
    return this.#filter(lines);
  }

  /** The end of a stream that did not end with a line. */
  finish(): Buffer {
    return this.#partial;
  }

  #filter(lines: Buffer): Buffer {
    const kept: Buffer[] = [];
    for (let start = 0; start < lines.length;) {
      const end = lines.indexOf(newline, start) + 1;
      const line = lines.subarray(start, end);
      const isEmpty = line.toString('latin1').trim() === '';
      if (isCounts(line)) this.#dropsEmpty = true;
      else if (!isEmpty || !this.#dropsEmpty) {
        kept.push(line);
        this.#dropsEmpty = false;
      } else this.#dropsEmpty = false;
      start = end;
    }
    return Buffer.concat(kept);
  }
}

function isCounts(line: Buffer): boolean {
  if (!marks.some(mark => line.includes(mark))) return false;
  const text = line.toString('utf8');
  const event = text.startsWith('data:') ? parseObject(Buffer.from(text.slice('data:'.length))) : undefined;
  return (
    event !== undefined && Array.isArray(event['choices']) && event['choices'].length === 0 && Boolean(event['usage'])
  );
}

/** Nothing for what is no mapping. */
function parseObject(json: Buffer): Readonly<Record<string, unknown>> | undefined {
  const value = jsonValue(json.toString('utf8'));
  return isRecord(value) ? value : undefined;
}
