import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { OnReadOpts } from 'node:net';
import type { Duplex } from 'node:stream';

/** Of each connection; only what is read into it is ever in memory. */
const readBytes = 128 * 1024;

/*
 * Connections that read into one buffer of their own each. Node makes a new one of 64 KiB for every read otherwise, and V8, which is told
 * of their size, marks the whole heap of the host for each 64 MB of them: half of the time that a stream takes to go through.
 * HTTP's parser copies what it passes on of a body, so that nobody holds what is overwritten.
 */

/** Of HTTP. */
export class ReusingHttpAgent extends HttpAgent {
  override createConnection(
    ...[options, done]: Parameters<HttpAgent['createConnection']>
  ): ReturnType<HttpAgent['createConnection']> {
    return reading(onread => super.createConnection({ ...options, ...onread }, done));
  }
}

/** Of HTTP with TLS. */
export class ReusingHttpsAgent extends HttpsAgent {
  override createConnection(
    ...[options, done]: Parameters<HttpsAgent['createConnection']>
  ): ReturnType<HttpsAgent['createConnection']> {
    return reading(onread => super.createConnection({ ...options, ...onread }, done));
  }
}

function reading<T extends Duplex | null | undefined>(connect: (how: { readonly onread: OnReadOpts }) => T): T {
  const connection = connect({
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (count, bytes) => {
        connection?.emit('data', bytes.subarray(0, count));
        // Whoever has enough pauses the connection.
        return true;
      },
    },
  });
  return connection;
}

/**
 * Gives back the memory of bytes that nobody needs any more, at once; the garbage collector would look for it later. Only of bytes that
 * have their memory to themselves.
 */
export function giveBack(bytes: Buffer): void {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
