import { createServer as createHttp1Server, type RequestListener } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import type { connectNodeAdapter } from '@connectrpc/connect-node';

/** The first bytes of an HTTP/2 connection are `PRI * HTTP/2.0`. */
const http2Preface = 'PR';
/** How long answers that are on their way may take to go out. */
const closeMs = 500;

/** Answers both kinds of clients, whatever address they come from. */
export interface WireServer {
  /** A server for one address, not listening yet. Closing it ends no connection. */
  readonly createListener: () => Server;
  /** Lets answers that are on their way go out, then closes what is left. */
  readonly endConnections: () => void;
  /** Breaks every connection. */
  readonly destroyConnections: () => void;
}

/**
 * Long-lived clients keep one HTTP/2 connection for calls and streams; a command that makes a call or two sends HTTP/1.1,
 * which it can write by hand. Both get the same answers.
 */
export function createWireServer(handler: ReturnType<typeof connectNodeAdapter>): WireServer {
  const answer: RequestListener = (request, response) => handler(request, response);
  const http1 = createHttp1Server(answer);
  const http2 = createHttp2Server(handler);
  const onConnection = (connection: Socket): void => {
    connection.on('error', () => connection.destroy());
    connection.once('readable', () => {
      const first: unknown = connection.read();
      if (!Buffer.isBuffer(first)) return;
      connection.unshift(first);
      const speaksHttp2 = first.toString('latin1', 0, http2Preface.length) === http2Preface;
      (speaksHttp2 ? http2 : http1).emit('connection', connection);
    });
  };
  const sessions = new Set<ServerHttp2Session>();
  http2.on('session', session => {
    sessions.add(session);
    session.on('error', () => session.destroy());
    session.on('close', () => sessions.delete(session));
  });
  const destroyConnections = (): void => {
    for (const session of sessions) session.destroy();
    http1.closeAllConnections();
  };
  return {
    createListener: () => createServer(onConnection),
    destroyConnections,
    endConnections: () => {
      for (const session of sessions) session.close();
      http1.closeIdleConnections();
      setTimeout(destroyConnections, closeMs).unref();
    },
  };
}
