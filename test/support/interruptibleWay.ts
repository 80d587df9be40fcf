import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a port of this machine that can be cut. */
export async function interruptibleWay(real: number): Promise<{
  readonly port: number;
  /** What went there, in bytes. */
  readonly sent: () => number;
  close(): void;
  /** Again at the same port. */
  open(): Promise<void>;
}> {
  const sockets = new Set<Socket>();
  let sent = 0;
  const server = createServer(client => {
    const inner = connect({ host: '127.0.0.1', port: real });
    for (const socket of [client, inner]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        client.destroy();
        inner.destroy();
        sockets.delete(socket);
      });
    }
    client.on('data', bytes => (sent += bytes.length));
    client.pipe(inner).pipe(client);
  });
  const listen = async (port: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(port, '127.0.0.1', resolve);
    await promise;
  };
  await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(close);
  return { port, sent: () => sent, close, open: () => listen(port) };
}
