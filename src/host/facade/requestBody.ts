import type { IncomingMessage } from 'node:http';
import { TopLevelScan } from './topLevelScan.js';

/** Larger ones are refused, as agent-compose does. */
const maxBodyBytes = 64 * 1024 * 1024;
/** Of all requests at the same time, where nothing else is said. */
const usualHeldBytes = 512 * 1024 * 1024;

export interface RequestBody {
  readonly bytes: Buffer;
  /** The string at a member of the object, or `undefined`. */
  text(member: 'model'): string | undefined;
  /** The bytes of a member's value. */
  value(member: string): Buffer | undefined;
  /** Gives its room back. */
  release(): void;
}

export type BodyProblem = { readonly status: 400 | 413 | 503; readonly message: string };

/** Reads requests whole: a call may have to be sent twice, and what it asks for must be known before anything is sent. */
export class RequestBodies {
  readonly #maxHeldBytes: number;
  #held = 0;

  constructor(maxHeldBytes = usualHeldBytes) {
    this.#maxHeldBytes = maxHeldBytes;
  }

  /** Rejects when the client leaves. */
  async read(request: IncomingMessage): Promise<RequestBody | BodyProblem> {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > maxBodyBytes) return tooLarge;
    const scan = new TopLevelScan(['model', 'stream', 'stream_options']);
    const chunks: Buffer[] = [];
    let size = 0;
    const release = (): void => {
      this.#held -= size;
      size = 0;
    };
    try {
      for await (const chunk of request) {
        if (!Buffer.isBuffer(chunk)) continue;
        size += chunk.length;
        this.#held += chunk.length;
        if (size > maxBodyBytes || this.#held > this.#maxHeldBytes) {
          const problem = size > maxBodyBytes ? tooLarge : noRoom;
          release();
          return problem;
        }
        chunks.push(chunk);
        scan.push(chunk);
      }
    } catch (error) {
      release();
      throw error;
    }
    const problem = scan.finish();
    if (problem !== undefined) {
      release();
      return { status: 400, message: problem };
    }
    const bytes = Buffer.concat(chunks);
    const value = (member: string): Buffer | undefined => {
      const range = scan.range(member);
      return range && bytes.subarray(range.start, range.end);
    };
    return { bytes, release, value, text: member => textOf(value(member)) };
  }
}

const tooLarge: BodyProblem = { status: 413, message: `A request has at most ${maxBodyBytes / 1024 / 1024} MiB.` };
const noRoom: BodyProblem = { status: 503, message: 'Too many large requests at the same time.' };

/** Nothing for what is no JSON text; the upstream says what it makes of it. */
function textOf(json: Buffer | undefined): string | undefined {
  if (!json || json.length > 1_000) return undefined;
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    return undefined;
  }
}
