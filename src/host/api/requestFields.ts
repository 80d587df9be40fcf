import { AppError } from '../../base/errors.js';
import type { DriverSpec } from '../../compose/projectSpec.js';

/** The error for a request that a client cannot have meant. */
export function fail(field: string, reason: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', `The request's ${field} is not valid: ${reason}.`, { field, reason });
}

/** Protobuf's empty string means "not given". */
export function given(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** A member of a closed list, or `undefined` when not given. Errors: `request.invalid`. */
export function oneOf<T extends string>(members: readonly T[], text: string, field: string): T | undefined {
  if (text === '') return undefined;
  const found = members.find(candidate => candidate === text);
  if (found === undefined) throw fail(field, `${JSON.stringify(text.slice(0, 60))} is none of ${members.join(', ')}`);
  return found;
}

/** An absolute path without NUL. Errors: `request.invalid`. */
export function absolutePath(path: string, field: string): string {
  const absolute = path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\\\');
  if (!absolute || path.includes('\0'))
    throw fail(field, `${JSON.stringify(path.slice(0, 200))} is not an absolute path`);
  return path;
}

/** What a person may say about changed ignored files that are large. */
export const ignoredChoices: readonly ('archive' | 'discard')[] = ['archive', 'discard'];

/** Refuses what is not a full commit id. Errors: `request.invalid`. */
export function requireCommit(text: string, field: string): void {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) throw fail(field, 'not a full commit id');
}

/** The Docker Engine at an address; the usual one when none was given. */
export function engineOf(address: string): DriverSpec {
  return { name: 'docker', host: given(address) };
}
