import type { DescService } from '@bufbuild/protobuf';
import { createClient, type CallOptions, type Client, type Transport } from '@connectrpc/connect';
import { toAppError } from './wireErrors.js';

export interface ServiceWire {
  readonly transport: Transport;
  readonly socket: string;
  /** How long an answer may take when the call does not say; streams are not limited. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A Connect client whose calls throw AppErrors, and whose streams end on the wire when their reader stops reading.
 * Connect does neither by itself: it wraps what an interceptor throws, and leaving a `for await` loop keeps the call open.
 */
export function createServiceClient<T extends DescService>(
  service: T,
  { transport, socket, timeoutMs }: ServiceWire,
): Client<T> {
  const limited = (options: CallOptions): CallOptions => ({
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...options,
  });
  return new Proxy(createClient(service, transport), {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== 'function') return method;
      const streams = service.methods.some(each => each.localName === name && each.methodKind !== 'unary');
      return (request: unknown, options: CallOptions = {}): unknown => {
        const call = (callOptions: CallOptions): unknown => Reflect.apply(method, target, [request, callOptions]);
        return streams
          ? readStream(call, { options, socket })
          : awaitAnswer(call, { options: limited(options), socket });
      };
    },
  });
}

interface Invocation {
  readonly options: CallOptions;
  readonly socket: string;
}

async function awaitAnswer(call: (options: CallOptions) => unknown, { options, socket }: Invocation): Promise<unknown> {
  try {
    return await call(options);
  } catch (error) {
    throw toAppError(error, { socket, signal: options.signal });
  }
}

async function* readStream(call: (options: CallOptions) => unknown, { options, socket }: Invocation): AsyncGenerator {
  const reader = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, reader.signal]) : reader.signal;
  try {
    const stream = call({ ...options, signal });
    if (isAsyncIterable(stream)) yield* stream;
  } catch (error) {
    throw toAppError(error, { socket, signal: options.signal });
  } finally {
    reader.abort();
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
