import type { Server } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { TlsOptions } from 'node:tls';
import { AppError, errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import { mostOpenFiles } from '../../node/openFiles.js';
import { isLoopback, type ListenAddress } from './listenAddress.js';
import type { Handler } from './nodeHandler.js';
import { createWireServer, type Guarded, type Proxy } from './wireServer.js';

/** For headers and TLS of whoever connects; a stranger may hold a socket no longer. */
const patienceMs = 30_000;
/** A token and what browsers and proxies add. */
const maxHeaderBytes = 32 * 1024;
/** Longer than clients keep a connection that they do not use (Connect's: 15 minutes), so that none finds it closed. */
const idleMs = 20 * 60_000;
/** Each costs some kilobytes. */
const maxConnections = 16_384;
/** The host has databases, pipes and programs besides. */
const keptFiles = 512;
/** A flood fills a shorter line before anybody looks at it; systems cut it to what they allow. */
const waitingLine = 4_096;

export interface HttpListening extends Disposable {
  /** Where it answers: `http://127.0.0.1:7410`. */
  readonly url: string;
}

export interface HttpListenerOptions {
  readonly at: ListenAddress;
  readonly tls?: Pick<TlsOptions, 'cert' | 'key'>;
  readonly handler: Handler;
  /** Refuses pages of other origins by itself: it asks for a token with each request. */
  readonly proxy?: Proxy;
}

/**
 * Listens for other machines (or for programs of this one that speak HTTP) until disposed. What a browser sends for a page of
 * somebody else is refused before anything looks at it. Errors: `request.invalid` when the address cannot be used.
 */
export async function listenHttp({ at, tls, handler, proxy }: HttpListenerOptions): Promise<HttpListening> {
  const most = Math.min(maxConnections, Math.max(keptFiles, mostOpenFiles() - keptFiles));
  const guarded: Guarded = { patienceMs, idleMs, maxHeaderBytes, maxConnections: most, ...(tls && { tls }) };
  const wire = createWireServer(refuseForeignPages(at, handler), { guarded, proxy });
  const server = wire.createListener();
  const port = await bound(server, at);
  const host = at.address.includes(':') ? `[${at.address}]` : at.address;
  return {
    url: `${tls ? 'https' : 'http'}://${host}:${port}`,
    dispose: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        wire.endConnections();
      }),
  };
}

async function bound(server: Server, at: ListenAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(unusable(at, error)));
    server.listen({ host: at.address, port: at.port, backlog: waitingLine }, resolve);
  });
  const found = server.address();
  return typeof found === 'object' && found !== null ? found.port : at.port;
}

function unusable({ address, port }: ListenAddress, cause: unknown): AppError<'request.invalid'> {
  const reason = errorMessage(cause);
  return new AppError(
    'request.invalid',
    `Cannot listen on ${address}:${port}: ${reason}. Is another program there? Choose another address with --listen.`,
    { field: 'listen', reason },
    { cause },
  );
}

/**
 * A page may make a browser send requests to this machine, also under a name of its own that points here. Such a request names
 * that page as its origin, or that name as its host. Programs send no origin.
 */
export function refuseForeignPages(at: ListenAddress, handler: Handler): Handler {
  return (request, response) => {
    const reason = refusal(at, request);
    if (reason === undefined) {
      handler(request, response);
      return;
    }
    response.statusCode = 403;
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end(`${reason}\n`);
  };
}

function refusal({ loopback }: ListenAddress, request: IncomingMessage | Http2ServerRequest): string | undefined {
  const authority = request.headers[':authority'] ?? request.headers.host ?? '';
  const host = nameOf(typeof authority === 'string' ? authority : '');
  if (loopback && !isLoopback(host)) return 'This host answers to the names of this machine alone.';
  const { origin } = request.headers;
  if (origin === undefined) return undefined;
  const from = URL.canParse(origin) ? new URL(origin).host : undefined;
  return from === authority ? undefined : 'This host answers no pages of other origins.';
}

function nameOf(authority: string): string {
  return authority.replace(/:\d+$/, '');
}
