import { usageError } from './usageError.js';

/** A moment as RFC 3339 says it, in ms since the epoch; undefined when nothing was given. Errors: `usage`. */
export function readTime(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return time;
  const example = '2030-01-31T18:00:00Z';
  throw usageError(
    `${option} ${JSON.stringify(text)} is no time; write it as ${example} or 2030-01-31T18:00:00+01:00.`,
  );
}
