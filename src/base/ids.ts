declare const brand: unique symbol;
/** A string that only the functions of this module make, so that ids of two kinds are never mixed up. */
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type ProjectId = Id<'project'>;
export type ThreadId = Id<'thread'>;
export type MessageId = Id<'message'>;
export type RunId = Id<'run'>;
export type MergeId = Id<'merge'>;
export type SandboxId = Id<'sandbox'>;

/** Crockford's base 32 in lower case: no i, l, o, u, so ids are easy to read aloud and to type. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
/** 12 characters, 60 random bits: the first 4 to 6 are enough to type. */
const idLength = 12;
const idPattern = /^[0-9a-hjkmnp-tv-z]{12}$/;

/** Makes an id from random bytes (at least 12 of them). */
export function makeId<Kind extends string>(randomBytes: Uint8Array): Id<Kind> {
  if (randomBytes.length < idLength) throw new Error('An id needs 12 random bytes');
  let id = '';
  for (let i = 0; i < idLength; i++) id += alphabet.charAt((randomBytes[i] ?? 0) & 31);
  return brandId(id);
}

/** Narrows a string from outside to an id; such strings are never joined into paths before this check. */
export function isId<Kind extends string>(text: string): text is Id<Kind> {
  return idPattern.test(text);
}

function brandId<Kind extends string>(text: string): Id<Kind> {
  if (!isId<Kind>(text)) throw new Error(`Not an id: ${JSON.stringify(text)}`);
  return text;
}

/** Takes an id read back from our own database or wire; throws on anything that is not one. */
export function parseId<Kind extends string>(text: string): Id<Kind> {
  return brandId<Kind>(text);
}

/** Where new ids come from; a port, because the pure layers have no randomness. */
export interface IdSource {
  next<Kind extends string>(): Id<Kind>;
}
