import { chmodSync, existsSync, lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import type { ConnectRouter, HandlerContext, Interceptor } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Disposable } from '../../base/lifecycle.js';
import { createNodeHandler, type Handler } from './nodeHandler.js';
import { createWireServer, type Proxy } from './wireServer.js';

/** Bodies above this are refused: a dispatch's prompt is at most 4 MiB of characters. */
const maxMessageBytes = 32 * 1024 * 1024;

export interface Listening extends Disposable {
  /** Makes the socket again when somebody removed it. Those who are connected stay connected. */
  renew(): Promise<'there' | 'renewed'>;
}

/** Throws for a call that may not be made. */
export type RequestGate = (context: HandlerContext) => void;

/** What answers calls, and what stands before them. */
export interface Answering {
  readonly routes: (router: ConnectRouter) => void;
  readonly interceptors: readonly Interceptor[];
  readonly log: Log;
  /** Refuses a call before its body is read. */
  readonly requestGate?: RequestGate;
  /** Aborted at shutdown: open streams end. */
  readonly signal: AbortSignal;
}

/** The handler of the calls of our own protocol. */
export function createHandler({ routes, interceptors, signal, log, requestGate }: Answering): Handler {
  return createNodeHandler({
    routes,
    log,
    interceptors: [...interceptors],
    ...defined({ requestGate }),
    shutdownSignal: signal,
    readMaxBytes: maxMessageBytes,
    grpc: false,
    grpcWeb: false,
    jsonOptions: { ignoreUnknownFields: true },
  });
}

/** Listens on a unix socket (0600 in a 0700 directory) or a named pipe until disposed. */
export async function listen({
  socket,
  handler,
  proxy,
  signal,
}: {
  readonly socket: string;
  readonly handler: Handler;
  /** Answers what is no call. */
  readonly proxy?: Proxy;
  /** Aborted at shutdown. */
  readonly signal: AbortSignal;
}): Promise<Listening> {
  removeStaleSocket(socket);
  const wire = createWireServer(handler, { proxy });
  const open = async (): Promise<Server> => {
    const listener = wire.createListener();
    await bind(listener, socket);
    return listener;
  };
  let server = await open();
  return {
    async renew() {
      if (signal.aborted || process.platform === 'win32' || existsSync(socket)) return 'there';
      // First, because closing removes whatever file has the path. It ends no connection.
      server.close();
      server = await open();
      return 'renewed';
    },
    dispose: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        wire.endConnections();
      }),
  };
}

async function bind(server: Server, socket: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, () => {
      server.off('error', reject);
      resolve();
    });
  });
  if (process.platform !== 'win32') chmodSync(socket, 0o600);
}

/** The lock is ours, so that a socket file here belongs to a host that is gone. Anything else is not ours to remove. */
function removeStaleSocket(socket: string): void {
  if (process.platform === 'win32' || !existsSync(socket)) return;
  if (!lstatSync(socket).isSocket()) {
    throw new AppError('state.unwritable', `${socket} is in the way and is not a socket. Move it away.`, {
      path: socket,
      reason: 'not a socket',
    });
  }
  rmSync(socket);
}
