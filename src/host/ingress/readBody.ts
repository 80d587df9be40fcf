import type { Handler } from '../server/nodeHandler.js';

/** What was sent is longer than a payload may be. */
export class TooLarge extends Error {}

/** The whole body, of at most so many bytes; reading stops at the first one too many. */
export async function readBody(request: Parameters<Handler>[0], most: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += buffer.length;
    if (bytes > most) throw new TooLarge(`A payload has at most ${most} bytes.`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks);
}
