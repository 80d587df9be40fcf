import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { ServerConnection } from '@jupyterlab/services';
import { WebSocket } from 'ws';
import { runHeader } from '../../protocol/version.js';

/** Where the host listens, and who calls. */
export interface GuestEndpoint {
  readonly socket: string;
  readonly token: string;
  /** `MUSTER_RUN_ID` of this process, if an agent started it. */
  readonly runId?: string | undefined;
}

/** Only names the authority; the socket is where it goes. */
const authority = 'muster.localhost';
/** One output may be as large as a notebook that still opens. */
const longestMessage = 512 * 1024 * 1024;

/**
 * What Jupyter's client library needs to speak to the guest server at `path` over the host's socket. The host adds the server's
 * token: none is known here.
 */
export function guestSettings(endpoint: GuestEndpoint, path: string): ServerConnection.ISettings {
  const headers = {
    authorization: `Bearer ${endpoint.token}`,
    ...(endpoint.runId ? { [runHeader]: endpoint.runId } : {}),
  };
  class GuestWebSocket extends WebSocket {
    constructor(url: string, protocols: string | string[] = []) {
      super(socketUrl(endpoint.socket, url), protocols, {
        headers,
        createConnection: () => connect(endpoint.socket),
        perMessageDeflate: false,
        maxPayload: longestMessage,
      });
    }
  }
  return ServerConnection.makeSettings({
    baseUrl: `http://${authority}${path}`,
    wsUrl: `ws://${authority}${path}`,
    token: '',
    appendToken: false,
    init: {},
    fetch: async (input: string | URL | Request, init?: RequestInit) =>
      await fetchOver(endpoint.socket, new Request(input, init), headers),
    WebSocket: asWebSocket(GuestWebSocket),
  });
}

/**
 * VS Code puts its own agent for proxies into every request that does not say that it goes to a socket. `ws` lets that be said in
 * the address alone, where it takes a plain path and nothing else.
 */
function socketUrl(socket: string, url: string): string {
  const { pathname, search } = new URL(url);
  return /^\/[\w./-]+$/.test(socket) ? `ws+unix:${socket}:${pathname}${search}` : url;
}

/** The standard's class and that of `ws` differ in types only where nobody here looks. */
function asWebSocket(guest: unknown): typeof globalThis.WebSocket {
  if (!isWebSocketClass(guest)) throw new TypeError('Not a WebSocket class');
  return guest;
}

function isWebSocketClass(value: unknown): value is typeof globalThis.WebSocket {
  return typeof value === 'function' && 'OPEN' in value;
}

/** `fetch` over a unix socket or named pipe; the answer's body is a stream. */
export async function fetchOver(
  socket: string,
  request: Request,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const asking = httpRequest(
    {
      socketPath: socket,
      method: request.method,
      path: pathname + search,
      headers: {
        ...Object.fromEntries(request.headers),
        ...headers,
        ...(body === undefined ? {} : { 'content-length': body.length }),
      },
      signal: request.signal,
      agent: false,
    },
    answer => {
      const status = answer.statusCode ?? 502;
      const bodiless = status === 204 || status === 205 || status === 304 || request.method === 'HEAD';
      if (bodiless) answer.resume();
      const passed = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === 'string' ? [[name, value]] : [],
      );
      resolve(
        new Response(bodiless ? null : Readable.toWeb(answer), {
          status,
          statusText: answer.statusMessage ?? '',
          headers: passed,
        }),
      );
    },
  );
  asking.on('error', reject);
  asking.end(body);
  return await promise;
}
