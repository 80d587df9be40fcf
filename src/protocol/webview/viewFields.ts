import * as z from 'zod/mini';

/** Fields that the messages of the webviews are made of. */

export const shortText = z.string().check(z.maxLength(4_000));
/** Milliseconds since the Unix epoch. */
export const time = z.number().check(z.nonnegative());
export const count = z.int().check(z.nonnegative());

/** A text as {@link shortText} takes it. */
export function cut(text: string): string {
  return text.length <= 4_000 ? text : text.slice(0, 4_000);
}

/** The wire's 0 means "not yet". */
export function happened(at: bigint): number | undefined {
  return at === 0n ? undefined : Number(at);
}

/** The wire's 64-bit integers do not survive `postMessage`. */
export function asNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** An object with the key when there is a value, and without it otherwise. */
export function defined<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  const entry: { [P in K]?: V } = {};
  if (value !== undefined) entry[key] = value;
  return entry;
}
