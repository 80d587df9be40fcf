import {
  Code,
  ConnectError,
  createConnectRouter,
  type ConnectRouter,
  type ConnectRouterOptions,
} from '@connectrpc/connect';
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
  type connectNodeAdapter,
} from '@connectrpc/connect-node';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

/** What answers requests of both kinds of HTTP. */
export type Handler = ReturnType<typeof connectNodeAdapter>;

/**
 * Connect's own adapter calls a message that it cannot read an internal error, and prints a stack for every client that
 * left. Here the first is the client's error (400, `invalid_argument`), and the second nothing.
 */
export function createNodeHandler(
  options: ConnectRouterOptions & { readonly routes: (router: ConnectRouter) => void; readonly log: Log },
): Handler {
  const { routes, log, ...more } = options;
  const router = createConnectRouter({ acceptCompression: [compressionGzip, compressionBrotli], ...more });
  routes(router);
  const handlers = new Map(router.handlers.map(handler => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = handlers.get(request.url?.split('?', 1)[0] ?? '');
    if (!handler) {
      response.writeHead(404);
      response.end();
      return;
    }
    const call = universalRequestFromNodeRequest(request, response, undefined, undefined);
    handler(call)
      .then(async answer => universalResponseToNodeResponse(await blamingTheClient(answer), response))
      .catch((reason: unknown) => {
        if (call.signal.aborted || ConnectError.from(reason).code === Code.Aborted) return;
        log.warn('An answer could not be sent', { method: handler.method.name, reason: errorMessage(reason) });
      });
  };
}

/** How Connect says that it could not read a message: under a code that blames the host. */
const asTheHosts = '{"code":"internal","message":"parse binary: ';
const asTheClients = '{"code":"invalid_argument","message":"parse binary: ';

async function blamingTheClient(answer: UniversalServerResponse): Promise<UniversalServerResponse> {
  const { status, header, body } = answer;
  if (body === undefined) return answer;
  if (status === 200 && header?.get('content-type')?.startsWith('application/connect+') === true)
    return { ...answer, body: blamingAtItsEnd(body) };
  if (status !== 500) return answer;
  const bytes: Uint8Array[] = [];
  for await (const piece of body) bytes.push(piece);
  const text = Buffer.concat(bytes).toString();
  if (!text.startsWith(asTheHosts)) return { ...answer, body: inPieces(bytes) };
  const blame = Buffer.from(text.replace(asTheHosts, asTheClients));
  header?.set('content-length', String(blame.length));
  return { ...answer, status: 400, body: inPieces([blame]) };
}

/** The last message of a stream says how it ended: a flag, the length, then JSON. */
async function* blamingAtItsEnd(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const message of body) {
    const isEnd = message[0] === endFlag;
    const text = isEnd ? Buffer.from(message.subarray(headBytes)).toString() : '';
    if (!text.startsWith(`{"error":${asTheHosts}`)) yield message;
    else {
      const blame = Buffer.from(text.replace(asTheHosts, asTheClients));
      const head = Buffer.alloc(headBytes);
      head[0] = endFlag;
      head.writeUInt32BE(blame.length, 1);
      yield Buffer.concat([head, blame]);
    }
  }
}

const endFlag = 2;
const headBytes = 5;

async function* inPieces(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
