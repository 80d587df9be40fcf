import {
  createServer as createHttp1Server,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import {
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerOptions as Http2ServerOptions,
} from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { ConnectionPlaces } from './connectionPlaces.js';
import type { Handler } from './nodeHandler.js';
import { recognitionOf } from './visitor.js';

/** The first bytes of an HTTP/2 connection are `PRI * HTTP/2.0`. */
const http2Preface = 'PR';
/** How long answers that are on their way may take to go out. */
const closeMs = 500;

/** What a server needs that strangers can reach. */
export interface Guarded {
  /** Speaks TLS with this certificate and key. */
  readonly tls?: TlsOptions;
  /** How long a connection may take to say what it wants, in ms: the first byte, the head, a whole request. */
  readonly patienceMs: number;
  /** How long one may stay without a request when it had one that was let in, in ms. */
  readonly idleMs: number;
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
}

/** What answers requests that are no calls, by their path. */
export interface Proxy {
  readonly serves: (request: IncomingMessage) => boolean;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Breaks what was upgraded. */
  readonly destroy: () => void;
}

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
export function createWireServer(
  answering: Handler,
  { guarded, proxy }: { readonly guarded?: Guarded; readonly proxy?: Proxy | undefined } = {},
): WireServer {
  const places = guarded && placesOf(guarded);
  const handler = refuseNoAddress(places ? noting(places, answering) : answering);
  const answer: RequestListener = (request, response) => {
    if (proxy?.serves(request)) {
      if (places) noteWork(places, request, response);
      proxy.answer(request, response);
    } else handler(request, response);
  };
  // Through the proxy go uploads that take as long as they take.
  const http1 = createHttp1Server(guarded ? http1Limits(guarded) : { requestTimeout: 0 }, answer);
  http1.on('upgrade', (request, socket, head) => {
    if (!proxy?.serves(request)) {
      socket.destroy();
      return;
    }
    places?.begin(request.socket, () => isVisitors(request));
    proxy.upgrade(request, socket, head);
  });
  // Node looks for slow requests from the moment a server listens. This one never does: connections are handed to it.
  if (guarded) http1.emit('listening');
  const http2 = createHttp2Server(guarded ? http2Limits(guarded) : {}, handler);
  const onConnection = (connection: Socket): void => {
    connection.on('error', () => connection.destroy());
    if (guarded) connection.setTimeout(guarded.patienceMs, () => connection.destroy());
    connection.once('readable', () => {
      const first: unknown = connection.read();
      if (guarded) connection.setTimeout(0);
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
    places?.onLeave(session.socket, () => session.close());
  });
  const destroyConnections = (): void => {
    for (const session of sessions) session.destroy();
    http1.closeAllConnections();
    proxy?.destroy();
  };
  return {
    createListener: () => {
      const listener = guarded?.tls
        ? createTlsServer(secured(guarded.tls, guarded), onConnection)
        : createServer(onConnection);
      // A handshake that failed, or took too long: Node tells of it and leaves the connection open.
      listener.on('tlsClientError', (_, connection: Socket) => connection.destroy());
      if (places && guarded) keepPlaces(listener, places, guarded);
      return listener;
    },
    destroyConnections,
    endConnections: () => {
      for (const session of sessions) session.close();
      http1.closeIdleConnections();
      setTimeout(destroyConnections, closeMs).unref();
    },
  };
}

function placesOf({ maxConnections: most, patienceMs: strangerMs, idleMs: knownMs }: Guarded): ConnectionPlaces {
  return new ConnectionPlaces({ most, strangerMs, knownMs, now: () => performance.now() });
}

/** Each connection has a place from its first moment on, before TLS. */
function keepPlaces(listener: Server, places: ConnectionPlaces, { patienceMs }: Guarded): void {
  listener.prependListener('connection', (connection: Socket) => {
    if (!places.take(connection)) connection.destroy();
  });
  const timer = setInterval(() => places.sweep(), patienceMs).unref();
  listener.once('close', () => clearInterval(timer));
}

function noting(places: ConnectionPlaces, handler: Handler): Handler {
  return (request, response) => {
    noteWork(places, request, response);
    handler(request, response);
  };
}

/** A connection with a request is at work until that is answered, however it ends. */
function noteWork(places: ConnectionPlaces, ...[request, response]: Parameters<Handler>): void {
  response.once(
    'close',
    places.begin(request.socket, () => isVisitors(request)),
  );
}

/** Of somebody who was let in; nobody's until that has been found out. */
function isVisitors(request: object): boolean {
  return recognitionOf(request).kind === 'visitor';
}

/** Whoever answers takes the address apart without asking again. */
function refuseNoAddress(handler: Handler): Handler {
  return (request, response) => {
    if (URL.canParse(request.url ?? '', 'http://host')) {
      handler(request, response);
      return;
    }
    response.statusCode = 400;
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end('That is no address.\n');
  };
}

function http1Limits({ patienceMs, maxHeaderBytes }: Guarded): ServerOptions {
  return {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: patienceMs,
    requestTimeout: patienceMs,
    // How often Node looks for those that are late.
    connectionsCheckingInterval: patienceMs,
  };
}

function http2Limits({ maxHeaderBytes }: Guarded): Http2ServerOptions {
  return { settings: { maxHeaderListSize: maxHeaderBytes, maxConcurrentStreams: 100 } };
}

function secured(tls: TlsOptions, { patienceMs }: Guarded): TlsOptions {
  return { ...tls, ALPNProtocols: ['h2', 'http/1.1'], handshakeTimeout: patienceMs };
}
