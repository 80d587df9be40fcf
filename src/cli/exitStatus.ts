import type { ErrorCode } from '../base/errors.js';

/** Exit statuses of `muster`. */
export const exitStatus = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  /** 128 and the number of SIGINT, as shells expect it. */
  interrupted: 130,
} as const;

/** Codes that mean "what you asked for is not right", not "it went wrong". Everything `…unknown` is one too. */
const usageCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'compose.invalid',
  'compose.unreadable',
  'consent.required',
  'git.notRepository',
  'prompt.invalid',
  'request.invalid',
  'thread.ambiguous',
  'usage',
]);

/** The exit status that tells a script what kind of error it was. */
export function exitStatusOf(code: ErrorCode): number {
  if (code === 'host.unreachable') return exitStatus.unreachable;
  if (code === 'cancelled') return exitStatus.interrupted;
  return usageCodes.has(code) || code.endsWith('.unknown') ? exitStatus.usage : exitStatus.failed;
}
