import type { Handler } from '../server/nodeHandler.js';
import { maxPayloadBytes } from '../../core/topics/topicService.js';

/** What was sent is longer than a payload may be. */
export class TooLarge extends Error {}

/** The whole body; reading stops at the first byte too many. */
export async function readBody(request: Parameters<Handler>[0]): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += buffer.length;
    if (bytes > maxPayloadBytes) throw new TooLarge(`A payload has at most ${maxPayloadBytes} bytes.`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks);
}
