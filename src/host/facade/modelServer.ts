import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** Clients send headers at once; a body of 64 MiB may take its time. */
const headersMs = 20_000;
const requestMs = 10 * 60_000;

/** A server that gives what it is asked to the handler and nothing else to anybody: no upgrades, no tunnels, no endless headers. */
export function modelServer(
  take: (request: IncomingMessage, response: ServerResponse) => void,
  { requestTimeout = requestMs }: { readonly requestTimeout?: number } = {},
): Server {
  const headersTimeout = Math.min(headersMs, requestTimeout);
  const server = createServer({ requestTimeout, headersTimeout, maxHeaderSize: 64 * 1024 });
  // Nobody waits for `100 Continue` without having shown a token.
  server.on('checkContinue', (request, response) => {
    response.writeContinue();
    take(request, response);
  });
  server.on('request', take);
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('upgrade', (_request, socket) => socket.destroy());
  server.on('connect', (_request, socket) => socket.destroy());
  return server;
}
