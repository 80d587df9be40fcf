import { isAppError, type AppError, type ErrorCode } from '../base/errors.js';

/** Exit statuses of `muster`. */
export const exitStatus = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  /** This version does not do it. */
  unsupported: 4,
  /** 128 and the number of SIGINT, as shells expect it. */
  interrupted: 130,
} as const;

/** Codes that mean "what you asked for is not right", not "it went wrong". Everything `…unknown` is one too. */
const usageCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'access.scope',
  'access.token',
  'compose.invalid',
  'compose.unreadable',
  'consent.required',
  'event.mismatch',
  'git.notRepository',
  'payload.invalid',
  'prompt.invalid',
  'request.invalid',
  'thread.ambiguous',
  'topic.invalid',
  'usage',
]);

/** A child's own status is passed on; what shells and signals use, and none at all, is a failure. */
export function childExitStatus(status: number | null | undefined): number {
  if (status === 0) return exitStatus.ok;
  return status && status > 0 && status < 126 ? status : exitStatus.failed;
}

/** The exit status that tells a script what kind of error it was. */
export function exitStatusOf(code: ErrorCode): number {
  if (code === 'host.unreachable') return exitStatus.unreachable;
  if (code === 'feature.unsupported') return exitStatus.unsupported;
  if (code === 'cancelled') return exitStatus.interrupted;
  return usageCodes.has(code) || code.endsWith('.unknown') ? exitStatus.usage : exitStatus.failed;
}

/** agent-compose's: a word too many and a deadline are failures there, not errors of usage or of reaching the host. */
export function eraExitStatus(error: AppError): number {
  const isSurplus = isAppError(error, 'usage') && error.data.words !== undefined;
  const isDeadline = isAppError(error, 'host.unreachable') && error.data.timedOut === true;
  return isSurplus || isDeadline ? exitStatus.failed : exitStatusOf(error.code);
}
