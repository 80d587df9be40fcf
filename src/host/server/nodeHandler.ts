import {
  Code,
  ConnectError,
  createConnectRouter,
  createContextValues,
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
import { recognitionKey, recognitionOf } from './visitor.js';

/** What answers requests of both kinds of HTTP. */
export type Handler = ReturnType<typeof connectNodeAdapter>;

/**
 * Connect's own adapter calls a message that it cannot read an internal error, and prints a stack for every client that
 * left. Here the first is the client's error (400, `invalid_argument`), and the second nothing.
 */
export function createNodeHandler(
  options: ConnectRouterOptions & {
    readonly routes: (router: ConnectRouter) => void;
    readonly log: Log;
    /** Answers what is no call. */
    readonly fallback?: Handler;
  },
): Handler {
  const { routes, log, fallback = refuse, ...more } = options;
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli],
    compressMinBytes: shortBytes,
    ...more,
  });
  routes(router);
  const handlers = new Map(router.handlers.map(handler => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = handlers.get(request.url?.split('?', 1)[0] ?? '');
    if (!handler) {
      fallback(request, response);
      return;
    }
    const call = universalRequestFromNodeRequest(
      request,
      response,
      undefined,
      createContextValues().set(recognitionKey, recognitionOf(request)),
    );
    handler(call)
      .then(async answer => universalResponseToNodeResponse(await blamingTheClient(answer), response))
      .catch((reason: unknown) => {
        if (call.signal.aborted || ConnectError.from(reason).code === Code.Aborted) return;
        log.warn('An answer could not be sent', { method: handler.method.name, reason: errorMessage(reason) });
      });
  };
}

/**
 * What goes out in one round trip over a new connection (ten packets) gets there no sooner when it is short, and each thread of the pool
 * that squeezes one answer for one of a thousand watchers keeps somebody's file waiting.
 */
const shortBytes = 14 * 1024;

const refuse: Handler = (_, response) => {
  response.writeHead(404);
  response.end();
};

/** How Connect says that it could not read a message: under a code that blames the host. */
const asTheHosts = '{"code":"internal","message":"parse binary: ';
/** The same in gRPC's headers, in small letters. */
const grpcText = encodeURIComponent('parse binary: ').toLowerCase();
const asTheClients = '{"code":"invalid_argument","message":"parse binary: ';

async function blamingTheClient(answer: UniversalServerResponse): Promise<UniversalServerResponse> {
  const { status, header, trailer, body } = answer;
  if (body === undefined) return answer;
  const type = header?.get('content-type') ?? '';
  if (status === 200 && type.startsWith('application/connect+')) return { ...answer, body: eachEnd(body, asConnects) };
  if (status === 200 && type.startsWith('application/grpc-web')) return { ...answer, body: eachEnd(body, asTrailers) };
  if (status === 200 && type.startsWith('application/grpc') && trailer)
    return { ...answer, body: blamingInTrailer(body, trailer) };
  if (status !== 500) return answer;
  const bytes: Uint8Array[] = [];
  for await (const piece of body) bytes.push(piece);
  const text = Buffer.concat(bytes).toString();
  if (!text.startsWith(asTheHosts)) return { ...answer, body: inPieces(bytes) };
  const blame = Buffer.from(text.replace(asTheHosts, asTheClients));
  header?.set('content-length', String(blame.length));
  return { ...answer, status: 400, body: inPieces([blame]) };
}

/** How the last message of a stream says how it ended: a flag, the length, then text. Undefined: it is right as it is. */
interface StreamEnd {
  readonly flag: number;
  readonly mended: (text: string) => string | undefined;
}

const asConnects: StreamEnd = {
  flag: 2,
  mended: text => (text.startsWith(`{"error":${asTheHosts}`) ? text.replace(asTheHosts, asTheClients) : undefined),
};

const asTrailers: StreamEnd = {
  flag: 0x80,
  mended(text) {
    const lines = text.split('\r\n');
    if (!lines.some(line => line.toLowerCase().startsWith(`grpc-message: ${grpcText}`))) return undefined;
    const mended = lines.map(line => (/^grpc-status: 13$/i.test(line) ? `grpc-status: ${Code.InvalidArgument}` : line));
    return mended.filter(line => !/^grpc-status-details-bin:/i.test(line)).join('\r\n');
  },
};

async function* eachEnd(body: AsyncIterable<Uint8Array>, { flag, mended }: StreamEnd): AsyncGenerator<Uint8Array> {
  for await (const message of body) {
    const text = message[0] === flag ? mended(Buffer.from(message.subarray(headBytes)).toString()) : undefined;
    yield text === undefined ? message : enveloped(flag, Buffer.from(text));
  }
}

function enveloped(flag: number, text: Buffer): Uint8Array {
  const head = Buffer.alloc(headBytes);
  head[0] = flag;
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, text]);
}

/** gRPC says it in headers that follow the body. */
async function* blamingInTrailer(body: AsyncIterable<Uint8Array>, trailer: Headers): AsyncGenerator<Uint8Array> {
  yield* body;
  if (!(trailer.get('grpc-message') ?? '').toLowerCase().startsWith(grpcText)) return;
  trailer.set('grpc-status', String(Code.InvalidArgument));
  trailer.delete('grpc-status-details-bin');
}

/** One byte of flags and four of length stand before each message of gRPC. */
const headBytes = 5;

async function* inPieces(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
