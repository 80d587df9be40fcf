import { fieldOf, isRecord } from '../../../base/unknownFields.js';
import type { Json } from './conversation.js';

export function textsAt(value: unknown, key: string): readonly string[] {
  const found = fieldOf(value, key);
  if (typeof found === 'string') return [found];
  return Array.isArray(found) ? found.filter(item => typeof item === 'string') : [];
}

/** A JSON text as an object; what is none is empty. */
export function parsedObject(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** Without members that have no value. */
export function filled(value: Readonly<Record<string, unknown>>): Json {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}
