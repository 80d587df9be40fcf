import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { parseId, type ThreadId } from '../../src/base/ids.js';
import { silentLog } from '../../src/base/log.js';
import { AppError } from '../../src/base/errors.js';
import { admitPrograms } from '../../src/host/proxy/admission.js';
import { JupyterProxy } from '../../src/host/proxy/jupyterProxy.js';
import { createWireServer } from '../../src/host/server/wireServer.js';
import { tempDirectory } from './tempDirectory.ts';

/** What a server behind the proxy was asked. */
export interface Arrived {
  readonly thread: ThreadId;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** The host's door to guest servers in front of servers that are no Jupyter, each of one thread. */
export interface ProxiedServers {
  readonly socket: string;
  /** What lets a program in. */
  readonly token: string;
  readonly threads: readonly ThreadId[];
  /** What the servers behind are asked with. */
  readonly behind: ReadonlyMap<ThreadId, string>;
  readonly arrived: Arrived[];
  /** Sends bytes and gives what came back until the connection was closed, or `enough` says so. */
  send(bytes: Buffer | string, enough?: (text: string) => boolean): Promise<Buffer>;
}

/** A run that may reach the first thread alone. */
export const ownRun = 'aaaaaaaaaaaa';

/** Starts them. `answer`: of the servers behind; an upgrade is answered with what is sent. */
export async function proxiedServers(answer: RequestListener): Promise<ProxiedServers> {
  const folder = tempDirectory();
  const threads = ['thread000001', 'thread000002'].map(id => parseId<'thread'>(id));
  const behind = new Map<ThreadId, string>();
  const sockets = new Map<ThreadId, string>();
  const arrived: Arrived[] = [];
  for (const thread of threads) {
    const socket: string = join(folder, thread);
    const server = createServer((request, response) => {
      arrived.push({ thread, path: request.url ?? '', headers: request.headers });
      answer(request, response);
    });
    server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
      arrived.push({ thread, path: request.url ?? '', headers: request.headers });
      connection.on('error', () => connection.destroy());
      connection.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
      connection.write(head);
      connection.pipe(connection);
    });
    await new Promise<void>(resolve => server.listen(socket, resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    behind.set(thread, `secret-of-${thread}`);
    sockets.set(thread, socket);
  }
  const token = 'f'.repeat(64);
  const requireAllowed = (run: string, thread: ThreadId): void => {
    if (run !== ownRun || thread !== threads[0])
      throw new AppError('run.notAllowed', 'Not this one.', { run, action: 'Notebooks' });
  };
  const proxy = new JupyterProxy({
    admit: admitPrograms({ token, requireAllowed }),
    log: silentLog,
    onUse: () => ({ dispose: () => undefined }),
    address: async thread => {
      const socket = sockets.get(thread);
      return socket === undefined ? undefined : { at: { socketPath: socket }, token: behind.get(thread) ?? '' };
    },
  });
  const wire = createWireServer(
    (_, response) => {
      response.statusCode = 418;
      response.end();
    },
    { proxy },
  );
  const listener = wire.createListener();
  const socket = join(folder, 'host');
  await new Promise<void>(resolve => listener.listen(socket, resolve));
  onTestFinished(() => {
    listener.close();
    wire.destroyConnections();
  });
  return {
    socket,
    token,
    threads,
    behind,
    arrived,
    send: async (bytes, enough) => await exchange(socket, bytes, enough),
  };
}

function exchange(socket: string, bytes: Buffer | string, enough?: (text: string) => boolean): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  const connection = connect(socket);
  connection.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (enough?.(Buffer.concat(chunks).toString('latin1')) === true) connection.destroy();
  });
  connection.on('error', () => connection.destroy());
  connection.on('close', () => resolve(Buffer.concat(chunks)));
  connection.write(bytes);
  return promise;
}
