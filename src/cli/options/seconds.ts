import { parseDuration } from '../../compose/duration.js';
import { usageError } from './usageError.js';

/** A timer of Node holds at most this. */
const maximumMs = 2 ** 31 - 1;

/** Milliseconds of `90`, `0.5`, `90s`, `1h30m`; undefined when not given. Throws `usage`. */
export function readSeconds(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : parseDuration(text);
  if (ms === undefined || ms < 0)
    throw usageError(`${option} takes seconds or a duration like 90s or 1h30m, not ${JSON.stringify(text)}.`);
  return Math.min(ms, maximumMs);
}
