import type { Json } from './conversation.js';

/** A JSON object, as far as it is one. Foreign: members are read as what they should be, or not at all. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member, or nothing. */
export function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function textAt(value: unknown, key: string): string {
  const found = member(value, key);
  return typeof found === 'string' ? found : '';
}

export function numberAt(value: unknown, key: string): number | undefined {
  const found = member(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

/** The objects of a list. */
export function objectsAt(value: unknown, key: string): readonly Json[] {
  const found = member(value, key);
  return Array.isArray(found) ? found.filter(isObject) : [];
}

export function textsAt(value: unknown, key: string): readonly string[] {
  const found = member(value, key);
  if (typeof found === 'string') return [found];
  return Array.isArray(found) ? found.filter(item => typeof item === 'string') : [];
}

export function objectAt(value: unknown, key: string): Json | undefined {
  const found = member(value, key);
  return isObject(found) ? found : undefined;
}

/** A JSON text as an object; what is none is empty. */
export function parsedObject(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Without members that have no value. */
export function filled(value: Readonly<Record<string, unknown>>): Json {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}
