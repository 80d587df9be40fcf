import { constants } from 'node:http2';
import type { Handler } from '../server/nodeHandler.js';

/** What was sent is longer than a payload may be. */
export class TooLarge extends Error {}

/** Over HTTP/1.1 the server itself has no more patience; over HTTP/2 nobody else looks. */
const patienceMs = 30_000;

/** The whole body, of at most so many bytes; reading stops at the first one too many, and breaks off what is sent too slowly. */
export async function readBody(
  request: Parameters<Handler>[0],
  most: number,
  { withinMs = patienceMs }: { readonly withinMs?: number } = {},
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => letGo(request), withinMs);
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const buffer: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      bytes += buffer.length;
      if (bytes > most) throw new TooLarge(`A payload has at most ${most} bytes.`);
      chunks.push(buffer);
    }
  } finally {
    clearTimeout(timer);
    // Whoever is still sending hears why it was too much: the rest goes nowhere, and the connection stays until it has been answered.
    request.resume();
  }
  return Buffer.concat(chunks);
}

/** A request of HTTP/2 that is destroyed leaves its stream open; a stream that ends without an error lets clients wait for what they still wrote. */
function letGo(request: Parameters<Handler>[0]): void {
  if ('stream' in request) request.stream.close(constants.NGHTTP2_CANCEL);
  else request.destroy();
}
