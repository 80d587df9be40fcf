import { Code, ConnectError } from '@connectrpc/connect';
import { AppError, isAnyAppError, type ErrorCode } from '../base/errors.js';
import { systemCode } from '../node/systemError.js';
import { ErrorDetailSchema } from '../protocol/gen/muster/v1/errors_pb.js';

/** What is known about the call that failed. */
export interface FailedCall {
  readonly socket: string;
  /** The caller's own signal: when it is aborted, the error is a cancellation. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Turns whatever a call threw into an AppError: the host's own error where it sent one, `cancelled` when the caller
 * stopped the call, otherwise `host.unreachable`.
 */
export function toAppError(error: unknown, call: FailedCall): AppError {
  if (isAnyAppError(error)) return error;
  const connectError = ConnectError.from(error);
  const sent = readDetail(connectError);
  if (sent) return sent;
  if (call.signal?.aborted) return new AppError('cancelled', 'The call was cancelled.', {}, { cause: error });
  const reason = describe(connectError);
  if (connectError.code === Code.Unimplemented) {
    const message = `The running host does not know this call (${reason}); stop it with \`muster daemon stop\` to start a newer one.`;
    return new AppError('feature.unsupported', message, { feature: 'call', reason }, { cause: error });
  }
  return unreachable({
    socket: call.socket,
    reason,
    cause: error,
    timedOut: connectError.code === Code.DeadlineExceeded,
  });
}

/** The error of a host that is not there or does not behave like one. `reason` is a clause without a full stop. */
export function unreachable({
  socket,
  reason,
  cause,
  timedOut = false,
}: {
  readonly socket: string;
  readonly reason: string;
  readonly cause?: unknown;
  /** It is there, and took longer than the call may take. */
  readonly timedOut?: boolean;
}): AppError<'host.unreachable'> {
  const where = socket === '' ? 'The host' : `The host at ${socket}`;
  return new AppError(
    'host.unreachable',
    `${where} cannot be reached: ${reason}.`,
    { socket, reason, ...(timedOut && { timedOut }) },
    { cause },
  );
}

function readDetail(error: ConnectError): AppError | undefined {
  const detail = error.findDetails(ErrorDetailSchema)[0];
  if (!detail || !isErrorCode(detail.code)) return undefined;
  return new AppError(detail.code, detail.message || error.rawMessage, parseData(detail.data), { cause: error });
}

/** The host speaks the same protocol: a code that is newer than this client passes as it is. */
function isErrorCode(code: string): code is ErrorCode {
  return /^[a-z]+(\.[a-zA-Z]+)*$/.test(code);
}

function parseData(text: string): object {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null ? data : {};
  } catch {
    return {};
  }
}

function describe(error: ConnectError): string {
  const cause: unknown = error.cause;
  const code = systemCode(cause);
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not connect';
    default:
      break;
  }
  switch (error.code) {
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      return 'it refused the token, so it is not the host that wrote the endpoint file';
    case Code.DeadlineExceeded:
      return 'it did not answer in time';
    default:
      return error.rawMessage.replace(/\.$/, '') || 'the connection broke';
  }
}
