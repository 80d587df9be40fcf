import { parseDuration } from '../../compose/duration.js';
import { usageError } from './usageError.js';

/** A timer of Node holds at most this. */
const maximumMs = 2 ** 31 - 1;
const dayMs = 24 * 60 * 60 * 1000;

/** Milliseconds of `90`, `0.5`, `90s`, `1h30m`, for a timer; undefined when not given. Throws `usage`. */
export function readSeconds(text: string | undefined, option: string): number | undefined {
  return text === undefined ? undefined : Math.min(milliseconds(text, option), maximumMs);
}

/** How old something must be: as {@link readSeconds} and not cut, or whole days (`30d`). Throws `usage`. */
export function readAge(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const days = /^(\d{1,6})d$/.exec(text)?.[1];
  return days === undefined ? Math.floor(milliseconds(text, option)) : Number(days) * dayMs;
}

function milliseconds(text: string, option: string): number {
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : parseDuration(text);
  if (ms !== undefined && ms >= 0) return ms;
  throw usageError(`${option} takes seconds or a duration like 90s or 1h30m, not ${JSON.stringify(text)}.`);
}
