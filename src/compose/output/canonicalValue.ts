export type CanonicalValue = string | number | boolean | CanonicalObject | readonly CanonicalValue[];

export interface CanonicalObject {
  readonly [key: string]: CanonicalValue;
}

/** The object without fields that say nothing: undefined, empty lists, empty objects. Order is kept. */
export function filled(fields: Readonly<Record<string, CanonicalValue | undefined>>): CanonicalObject {
  const kept: Record<string, CanonicalValue> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || isEmpty(value)) continue;
    kept[key] = value;
  }
  return kept;
}

function isEmpty(value: CanonicalValue): boolean {
  return typeof value === 'object' && Object.keys(value).length === 0;
}

export function nonDefault<T>(value: T, fallback: T): T | undefined {
  return value === fallback ? undefined : value;
}
