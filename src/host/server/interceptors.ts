import { createHash, timingSafeEqual } from 'node:crypto';
import { Code, ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from '@connectrpc/connect';
import { isAnyAppError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Redactor } from '../../base/redactor.js';
import { damagedHeader } from '../../protocol/version.js';
import type { ClientPresence } from '../idleExit.js';
import { toConnectError } from './errorDetail.js';

/** Tells the idle exit and the end of the host which calls are at work. Streams count themselves where it matters. */
export function noteCalls(presence: ClientPresence): Interceptor {
  return next => async request => {
    const call = presence.call();
    try {
      return await next(request);
    } finally {
      call.dispose();
    }
  };
}

/**
 * A host that has begun to end takes no new calls: what they began would be cut off. Those that still wait for something
 * when it closes are told the same, whatever the end made of their waiting: the client finds the next host and asks again.
 */
export function refuseWhenEnding(ending: AbortSignal): Interceptor {
  return next => async request => {
    if (ending.aborted) throw hostEnds();
    try {
      return await next(request);
    } catch (error) {
      if (ending.aborted && request.signal.aborted && !isAnyAppError(error)) throw hostEnds(error);
      throw error;
    }
  };
}

function hostEnds(cause?: unknown): ConnectError {
  return new ConnectError('This host is ending. Try again.', Code.Unavailable, undefined, undefined, cause);
}

/**
 * For clients of agent-compose, which know no endpoint file: whoever can open the socket is the same user, which the system has checked.
 * A named pipe has no such check, and a token that was sent has to be right.
 */
export function requireSameUser(token: string): Interceptor {
  const withToken = requireToken(token);
  return next => {
    const checked = withToken(next);
    return request => {
      const unnamed = process.platform !== 'win32' && !request.header.has('authorization');
      return unnamed ? next(request) : checked(request);
    };
  };
}

/** Tells with every answer that a database lies aside, to clients that ask for nothing else. */
export function tellDamage(isDamaged: () => boolean): Interceptor {
  return next => async request => {
    try {
      const response = await next(request);
      if (isDamaged()) response.header.set(damagedHeader, '1');
      return response;
    } catch (error) {
      if (error instanceof ConnectError && isDamaged()) error.metadata.set(damagedHeader, '1');
      throw error;
    }
  };
}

/** Refuses every call without the endpoint file's token. */
export function requireToken(token: string): Interceptor {
  const expected = digest(`Bearer ${token}`);
  return next => async request => {
    if (!timingSafeEqual(digest(request.header.get('authorization') ?? ''), expected)) {
      throw new ConnectError('The token of the endpoint file is missing or wrong.', Code.Unauthenticated);
    }
    return await next(request);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Maps errors of unary calls and of streams to the wire, and logs those that nobody foresaw. */
export function mapErrors(log: Log, redactor: Redactor): Interceptor {
  const convert = (error: unknown, request: UnaryRequest | StreamRequest): ConnectError => {
    if (request.signal.aborted && !isAnyAppError(error) && !(error instanceof ConnectError)) {
      // Nobody waits for the answer any more.
      return new ConnectError('The call was cancelled.', Code.Canceled, undefined, undefined, error);
    }
    if (!isAnyAppError(error) && !(error instanceof ConnectError)) {
      log.error('A call met an unexpected error', {
        method: request.method.name,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    return toConnectError(error, redactor);
  };
  return next => async request => {
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: mapStream(response.message, error => convert(error, request)) };
    } catch (error) {
      throw convert(error, request);
    }
  };
}

async function* mapStream<T>(messages: AsyncIterable<T>, convert: (error: unknown) => ConnectError): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw convert(error);
  }
}
