import { once } from 'node:events';
import { connect as http2Connect, type OutgoingHttpHeaders } from 'node:http2';
import { createServer, type AddressInfo, type Socket } from 'node:net';

const prefaceBytes = 24;
const endsStream = 1;
/** DATA and HEADERS. */
const ofStream = [0, 1];

/** True once these bytes of an HTTP/2 connection have the end of a stream. */
function hasEnd(bytes: Buffer, start: number): boolean {
  for (let at = start; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    const [type = 0, flags = 0] = bytes.subarray(at + 3, at + 5);
    if (ofStream.includes(type) && (flags & endsStream) !== 0) return true;
  }
  return false;
}

/** The bytes that Node sends over a new HTTP/2 connection for this request: what thousands of connections can send without a session each. */
export async function recordedRequest(headers: OutgoingHttpHeaders, body: string): Promise<Buffer> {
  const recorded = Promise.withResolvers<Buffer>();
  const server = createServer(socket => {
    let bytes = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk]);
      if (hasEnd(bytes, prefaceBytes)) recorded.resolve(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = http2Connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  session.on('error', () => undefined);
  const stream = session.request(headers);
  stream.on('error', () => undefined);
  stream.end(body);
  const bytes = await recorded.promise;
  session.destroy();
  server.close();
  return bytes;
}

/** Waits until the answer to the first request of an HTTP/2 connection is whole. Throws when the connection closes before. */
export async function answered(socket: Socket): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  return await new Promise((resolve, reject) => {
    const closed = (): void => reject(new Error('The connection was closed'));
    socket.once('close', closed);
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!hasEnd(bytes, 0)) return;
      socket.off('close', closed);
      socket.removeAllListeners('data').resume();
      resolve(bytes);
    });
  });
}
