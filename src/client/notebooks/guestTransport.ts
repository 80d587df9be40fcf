import { connect } from 'node:net';
import { ServerConnection } from '@jupyterlab/services';
import { WebSocket } from 'ws';
import { authority, callerHeaders, fetchOver, type GuestEndpoint } from './guestFetch.js';

/** One output may be as large as a notebook that still opens. */
const longestMessage = 512 * 1024 * 1024;

/**
 * What Jupyter's client library needs to speak to the guest server at `path` over the host's socket. The host adds the server's
 * token: none is known here.
 */
export function guestSettings(endpoint: GuestEndpoint, path: string): ServerConnection.ISettings {
  const headers = callerHeaders(endpoint);
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
