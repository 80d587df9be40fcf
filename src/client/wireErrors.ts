import { Code, ConnectError } from '@connectrpc/connect';
import { AppError, isAnyAppError } from '../base/errors.js';
import { systemCode } from '../node/systemError.js';
import { ErrorDetailSchema } from '../protocol/gen/muster/v1/errors_pb.js';
import { describeSystemCode, describeWireCode, sentError, unknownCall, unreachable } from './callErrors.js';

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
  const { rawMessage } = connectError;
  const sent = sentError(connectError.findDetails(ErrorDetailSchema)[0], { rawMessage, cause: connectError });
  if (sent) return sent;
  if (call.signal?.aborted) return new AppError('cancelled', 'The call was cancelled.', {}, { cause: error });
  const reason = describe(connectError);
  if (connectError.code === Code.Unimplemented) return unknownCall(reason, error);
  const timedOut = connectError.code === Code.DeadlineExceeded;
  return unreachable({ socket: call.socket, reason, cause: error, timedOut });
}

/** Connect's own names of the codes that say something about the host. */
const wireCodes: Partial<Readonly<Record<Code, string>>> = {
  [Code.Unauthenticated]: 'unauthenticated',
  [Code.PermissionDenied]: 'permission_denied',
  [Code.DeadlineExceeded]: 'deadline_exceeded',
};

function describe(error: ConnectError): string {
  return (
    describeSystemCode(systemCode(error.cause)) ??
    describeWireCode(wireCodes[error.code] ?? '') ??
    (error.rawMessage.replace(/\.$/, '') || 'the connection broke')
  );
}
