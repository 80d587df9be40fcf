import { connect, type Socket } from 'node:net';
import type { FarProgram } from './farContainer.js';

/**
 * The relay of a container on another machine: it listens inside as the other does (`relays.ts`), and carries every connection in frames
 * over its own input and output, which whoever runs the container brings to the host. A frame: connection (4 bytes), kind (1), length (4), bytes.
 *
 * Called with the file that says when all ports are listened at, and the ports.
 */
export const remoteRelay = String.raw`
const net = require('net'), fs = require('fs');
process.on('SIGTERM', () => {});
const [ready, ...ports] = process.argv.slice(1);
const sockets = new Map(); let last = 0, missing = ports.length, buffered = Buffer.alloc(0);
const send = (id, kind, bytes) => {
  const head = Buffer.alloc(9); head.writeUInt32BE(id, 0); head[4] = kind; head.writeUInt32BE(bytes.length, 5);
  return process.stdout.write(Buffer.concat([head, bytes]));
};
process.stdout.on('drain', () => { for (const s of sockets.values()) s.resume(); });
for (const port of ports) {
  const server = net.createServer({ allowHalfOpen: true }, socket => {
    const id = ++last; sockets.set(id, socket); socket.setNoDelay(true);
    send(id, 1, Buffer.from(port));
    socket.on('data', bytes => { if (!send(id, 0, bytes)) for (const s of sockets.values()) s.pause(); });
    socket.on('end', () => send(id, 2, Buffer.alloc(0)));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => { if (sockets.delete(id)) send(id, 3, Buffer.alloc(0)); });
  });
  server.on('error', () => process.exit(1));
  server.listen(Number(port), '127.0.0.1', () => { if (--missing === 0) fs.writeFileSync(ready, ''); });
}
process.stdin.on('data', bytes => {
  buffered = Buffer.concat([buffered, bytes]);
  while (buffered.length >= 9) {
    const length = buffered.readUInt32BE(5);
    if (buffered.length < 9 + length) return;
    const socket = sockets.get(buffered.readUInt32BE(0)), kind = buffered[4], data = buffered.subarray(9, 9 + length);
    buffered = buffered.subarray(9 + length);
    if (!socket) continue;
    if (kind === 0) socket.write(data); else if (kind === 2) socket.end(); else socket.destroy();
  }
});
process.stdin.on('end', () => process.exit(0));
`;

const kinds = { data: 0, open: 1, end: 2, close: 3 } as const;
const headBytes = 9;
/** A connection sends at most as much at once as its socket gave it. */
const longestFrame = 4 * 1024 * 1024;

/** The host's end: leads each connection to the door of its port. Returns how to end it; `over` resolves when the other end is gone. */
export function serveRelay(
  program: FarProgram,
  doorOf: (port: number) => string | undefined,
): { readonly over: Promise<void>; dispose(): void } {
  const sockets = new Map<number, Socket>();
  const { output: said, input: stream } = program;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    program.end();
    for (const socket of sockets.values()) socket.destroy();
    sockets.clear();
    resolve();
  };
  const send = (id: number, kind: number, bytes: Buffer): void => {
    if (stream.destroyed) return;
    const head = Buffer.alloc(headBytes);
    head.writeUInt32BE(id, 0);
    head[4] = kind;
    head.writeUInt32BE(bytes.length, 5);
    if (!stream.write(Buffer.concat([head, bytes]))) for (const socket of sockets.values()) socket.pause();
  };
  stream.on('drain', () => {
    for (const socket of sockets.values()) socket.resume();
  });
  const open = (id: number, port: number): void => {
    const door = doorOf(port);
    if (door === undefined) return send(id, kinds.close, Buffer.alloc(0));
    const socket = connect({ path: door, allowHalfOpen: true });
    sockets.set(id, socket);
    socket.on('data', bytes => send(id, kinds.data, bytes));
    socket.once('end', () => send(id, kinds.end, Buffer.alloc(0)));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (sockets.delete(id)) send(id, kinds.close, Buffer.alloc(0));
    });
    socket.on('drain', () => said.resume());
  };
  const take = (id: number, kind: number, bytes: Buffer): void => {
    if (kind === kinds.open) return open(id, Number(bytes.toString('latin1')));
    const socket = sockets.get(id);
    if (kind === kinds.data && socket && !socket.write(bytes)) said.pause();
    else if (kind === kinds.end) socket?.end();
    else if (kind === kinds.close && socket) {
      sockets.delete(id);
      socket.destroy();
      said.resume();
    }
  };
  said.on('data', frames(take, end));
  for (const event of ['end', 'close', 'error']) said.on(event, end);
  stream.on('error', end);
  return { over, dispose: end };
}

/** Puts frames together. The other end is an agent's container: what is too long is no frame. */
function frames(take: (id: number, kind: number, bytes: Buffer) => void, refuse: () => void): (bytes: Buffer) => void {
  let buffered = Buffer.alloc(0);
  return bytes => {
    buffered = Buffer.concat([buffered, bytes]);
    while (buffered.length >= headBytes) {
      const length = buffered.readUInt32BE(5);
      if (length > longestFrame) return refuse();
      if (buffered.length < headBytes + length) return;
      const frame = buffered.subarray(headBytes, headBytes + length);
      take(buffered.readUInt32BE(0), buffered[4] ?? kinds.close, frame);
      buffered = buffered.subarray(headBytes + length);
    }
  };
}
