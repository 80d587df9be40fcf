import { ownValue } from '../base/ownValue.js';
import { fieldOf, isRecord } from '../base/unknownFields.js';
import { messageShapes } from '../protocol/gen/wireShapes.js';

/** A message of the protocol from its JSON, with every field as the generated types promise it. */
export function readMessage(type: string, json: unknown): Record<string, unknown> {
  const message: Record<string, unknown> = { $typeName: type };
  for (const [name, kind] of Object.entries(ownValue(messageShapes, type) ?? {}))
    message[name] = readField(kind, fieldOf(json, name));
  return message;
}

/** The JSON of a request. */
export function writeMessage(request: unknown): string {
  return JSON.stringify(request ?? {}, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
  });
}

function readField(kind: string, value: unknown): unknown {
  if (kind.startsWith('?')) return value === undefined ? undefined : readValue(kind.slice(1), value);
  if (kind.startsWith('[]'))
    return Array.isArray(value) ? value.map((each: unknown) => readValue(kind.slice(2), each)) : [];
  if (kind.startsWith('{}')) return isRecord(value) ? value : {};
  return readValue(kind, value);
}

/** Absent is the zero of its kind. A number that JSON cannot write comes as a text. */
function readValue(kind: string, value: unknown): unknown {
  switch (kind) {
    case 'string':
      return typeof value === 'string' ? value : '';
    case 'boolean':
      return value === true;
    case 'number':
      return typeof value === 'number' || typeof value === 'string' ? Number(value) : 0;
    case 'bigint':
      return typeof value === 'string' || typeof value === 'number' ? BigInt(value) : 0n;
    case 'bytes':
      return new Uint8Array(Buffer.from(typeof value === 'string' ? value : '', 'base64'));
    default:
      return readMessage(kind, value);
  }
}
