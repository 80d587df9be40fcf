import { ownValue } from '../../../base/ownValue.js';
import { maxToolText } from '../agentEvent.js';

/** A JSON object of unknown shape; read it with the functions of this module, which never throw. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The object on one line of output, or undefined when the line is anything else. */
export function parseObject(line: string): JsonObject | undefined {
  const text = line.trim();
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at `key`, empty when there is none. */
export function objectAt(parent: JsonObject, key: string): JsonObject {
  const value = ownValue(parent, key);
  return isObject(value) ? value : {};
}

/** The string at `key`, empty when there is none. */
export function textAt(parent: JsonObject, key: string): string {
  const value = ownValue(parent, key);
  return typeof value === 'string' ? value : '';
}

export function numberAt(parent: JsonObject, key: string): number | undefined {
  const value = ownValue(parent, key);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The objects of the list at `key`; what is not an object is left out. */
export function objectsAt(parent: JsonObject, key: string): readonly JsonObject[] {
  const value = ownValue(parent, key);
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A tool's input or output as text of bounded length. */
export function toolText(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.slice(0, maxToolText);
}
