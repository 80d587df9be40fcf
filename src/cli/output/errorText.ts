import type { AppError, ErrorCode } from '../../base/errors.js';
import { isAnyAppError, isAppError, errorMessage } from '../../base/errors.js';
import { oneLine } from './terminalText.js';

/** What to do next, where the message of the error cannot know that a terminal is talking. */
const advice: Partial<Readonly<Record<ErrorCode, string>>> = {
  'consent.required': 'Look at the file, then run `muster up --yes`.',
  'worktree.ignoredTooLarge': 'Say `--ignored archive` or `--ignored discard`.',
  'run.unknown': '`muster ps` lists threads; `muster logs <thread>` shows their runs.',
  'thread.ambiguous': 'Type more of it.',
  'thread.unknown': '`muster ps --all` lists the threads.',
};

/** One line for a person: what went wrong and what to do. */
export function errorLine(error: unknown): string {
  const text = oneLine(errorMessage(error));
  const next = isAnyAppError(error) ? advice[error.code] : undefined;
  return next === undefined || text.includes(next) ? text : `${text.replace(/([^.!?])$/, '$1.')} ${next}`;
}

/** Lines that belong before the one of {@link errorLine}: every problem of a compose file, every reason for consent. */
export function errorDetails(error: unknown): readonly string[] {
  if (isAppError(error, 'compose.invalid')) return texts(error.data.problems);
  if (isAppError(error, 'consent.required')) {
    const reasons = texts(error.data.reasons);
    return reasons.every(reason => oneLine(error.message).includes(reason)) ? [] : reasons.map(reason => `  ${reason}`);
  }
  return [];
}

/** Data from a host is not necessarily what its code promises. */
function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string').map(oneLine) : [];
}

/** What `--json` prints for an error. */
export function errorJson(error: unknown): {
  readonly error: { readonly code: string; readonly message: string; readonly data?: object };
} {
  if (!isAnyAppError(error)) return { error: { code: 'internal', message: errorMessage(error) } };
  const { code, message, data }: AppError = error;
  return { error: { code, message, ...(Object.keys(data ?? {}).length > 0 && { data }) } };
}
