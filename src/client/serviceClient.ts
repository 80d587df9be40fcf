import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { createClient, type CallOptions, type Client, type Transport } from '@connectrpc/connect';
import type { AppError } from '../base/errors.js';
import { toAppError } from './wireErrors.js';

export interface ServiceWire {
  readonly transport: Transport;
  readonly socket: string;
  /** How long an answer may take when the call does not say; streams are not limited. */
  readonly timeoutMs?: number | undefined;
  readonly refuse?: RefuseCall | undefined;
}

/** Why a call may not be made now; undefined where it may. */
export type RefuseCall = (method: DescMethod) => AppError | undefined;

/**
 * A Connect client whose calls throw AppErrors, and whose streams end on the wire when their reader stops reading.
 * Connect does neither by itself: it wraps what an interceptor throws, and leaving a `for await` loop keeps the call open.
 */
export function createServiceClient<T extends DescService>(
  service: T,
  { transport, socket, timeoutMs, refuse }: ServiceWire,
): Client<T> {
  const limited = (options: CallOptions): CallOptions => ({
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...options,
  });
  return new Proxy(createClient(service, transport), {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== 'function') return method;
      const described = service.methods.find(each => each.localName === name);
      const streams = described !== undefined && described.methodKind !== 'unary';
      return (request: unknown, options: CallOptions = {}): unknown => {
        const call = (callOptions: CallOptions): unknown => {
          const refused = described && refuse?.(described);
          if (refused) throw refused;
          return Reflect.apply(method, target, [request, callOptions]);
        };
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
