import { AppError, type ErrorCode } from '../base/errors.js';

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

/** The error of a host that is older than a call. */
export function unknownCall(reason: string, cause: unknown): AppError<'feature.unsupported'> {
  const message = `The running host does not know this call (${reason}); stop it with \`muster daemon stop\` to start a newer one.`;
  return new AppError('feature.unsupported', message, { feature: 'call', reason }, { cause });
}

/** What a host says about its own error: code, sentence and data as JSON. Undefined for what is none. */
export function sentError(
  detail: { readonly code: string; readonly message: string; readonly data: string } | undefined,
  { rawMessage, cause }: { readonly rawMessage: string; readonly cause: unknown },
): AppError | undefined {
  if (!detail || !isErrorCode(detail.code)) return undefined;
  return new AppError(detail.code, detail.message || rawMessage, parseData(detail.data), { cause });
}

/** Why nothing could be connected to, for the codes of the system that say so. */
export function describeSystemCode(code: string | undefined): string | undefined {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'nothing listens there';
  return code === 'EACCES' || code === 'EPERM' ? 'this user may not connect' : undefined;
}

/** Why an answer that is no error of the host itself is of no use, by Connect's names of its codes. */
export function describeWireCode(code: string): string | undefined {
  if (code === 'unauthenticated' || code === 'permission_denied')
    return 'it refused the token, so it is not the host that wrote the endpoint file';
  return code === 'deadline_exceeded' ? 'it did not answer in time' : undefined;
}

/** The host speaks the same protocol: a code that is newer than this client passes as it is. */
function isErrorCode(code: string): code is ErrorCode {
  return /^[a-zA-Z]+(\.[a-zA-Z]+)*$/.test(code);
}

/** What a host of another version says about an error is no reason to hide the error. */
function parseData(text: string): object {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null ? data : {};
  } catch {
    return {};
  }
}
