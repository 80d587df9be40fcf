import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { isAnyAppError, type ErrorCode } from '../../base/errors.js';
import type { Redactor } from '../../base/redactor.js';
import { ErrorDetailSchema } from '../../protocol/gen/muster/v1/errors_pb.js';

/** Which standard code a client without our table sees; first match wins, and whatever is in none is a condition that is not met. */
const connectCodes: readonly (readonly [RegExp, Code])[] = [
  [/^cancelled$/, Code.Canceled],
  [/\.unknown$|^worktree\.missing$/, Code.NotFound],
  [/^internal$|^git\.failed$/, Code.Internal],
  [/^queue\.full$|^login\.paused$/, Code.ResourceExhausted],
  [/^project\.conflict$|^event\.mismatch$/, Code.Aborted],
  [/^access\.token$|^login\.refused$/, Code.Unauthenticated],
  [/^run\.notAllowed$|^access\.scope$/, Code.PermissionDenied],
  [/^(request|prompt|topic|payload)\.invalid$|^compose\./, Code.InvalidArgument],
];

function connectCode(code: ErrorCode): Code {
  return connectCodes.find(([pattern]) => pattern.test(code))?.[1] ?? Code.FailedPrecondition;
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
