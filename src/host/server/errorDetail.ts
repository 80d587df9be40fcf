import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { isAnyAppError, type ErrorCode } from '../../base/errors.js';
import type { Redactor } from '../../base/redactor.js';
import { ErrorDetailSchema } from '../../protocol/gen/muster/v1/errors_pb.js';

/** Which standard code a client without our table sees. */
function connectCode(code: ErrorCode): Code {
  if (code === 'cancelled') return Code.Canceled;
  if (code.endsWith('.unknown') || code === 'worktree.missing') return Code.NotFound;
  if (code === 'internal' || code === 'git.failed') return Code.Internal;
  if (code === 'queue.full') return Code.ResourceExhausted;
  if (code === 'project.conflict' || code === 'event.mismatch') return Code.Aborted;
  if (code === 'access.token') return Code.Unauthenticated;
  if (code === 'run.notAllowed' || code === 'access.scope') return Code.PermissionDenied;
  if (
    code === 'request.invalid' ||
    code === 'prompt.invalid' ||
    code === 'topic.invalid' ||
    code === 'payload.invalid' ||
    code.startsWith('compose.')
  )
    return Code.InvalidArgument;
  return Code.FailedPrecondition;
}

/** The one place where errors become wire errors. An unexpected one never blames the caller and never shows its internals. */
export function toConnectError(error: unknown, redactor: Redactor): ConnectError {
  if (error instanceof ConnectError) return error;
  if (isAnyAppError(error)) {
    const message = redactor.redact(error.message);
    return new ConnectError(message, connectCode(error.code), undefined, [
      {
        desc: ErrorDetailSchema,
        value: create(ErrorDetailSchema, {
          code: error.code,
          message,
          data: redactor.redact(JSON.stringify(error.data)),
        }),
      },
    ]);
  }
  const message =
    'The host met an unexpected error; its log has the details (`muster status` names the state directory).';
  return new ConnectError(message, Code.Internal, undefined, [
    {
      desc: ErrorDetailSchema,
      value: create(ErrorDetailSchema, { code: 'internal', message, data: JSON.stringify({ detail: '' }) }),
    },
  ]);
}
