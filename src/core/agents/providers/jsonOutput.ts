import { maxToolText } from '../agentEvent.js';
import { isRecord, recordField } from '../../../base/unknownFields.js';

/** A JSON object of unknown shape; read it with the functions of this module, which never throw. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The object on one line of output, or undefined when the line is anything else. */
export function parseObject(line: string): JsonObject | undefined {
  const text = line.trim();
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The object at `key`, empty when there is none. */
export function objectAt(parent: JsonObject, key: string): JsonObject {
  return recordField(parent, key) ?? {};
}

/** A tool's input or output as text of bounded length. */
export function toolText(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.slice(0, maxToolText);
}
