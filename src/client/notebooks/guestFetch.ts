import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { runHeader } from '../../protocol/version.js';

/** Where the host listens, and who calls. */
export interface GuestEndpoint {
  readonly socket: string;
  readonly token: string;
  /** `MUSTER_RUN_ID` of this process, if an agent started it. */
  readonly runId?: string | undefined;
}

/** Only names the authority; the socket is where it goes. */
export const authority = 'muster.localhost';

/** What shows the host who calls. */
export function callerHeaders({ token, runId }: GuestEndpoint): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}`, ...(runId ? { [runHeader]: runId } : {}) };
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
