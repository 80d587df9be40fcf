import { usageError } from './usageError.js';

/** A count of an option; undefined when not given. Throws `usage`. */
export function readCount(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text)) throw usageError(`${option} takes a number, not ${JSON.stringify(text)}.`);
  return Number(text);
}
