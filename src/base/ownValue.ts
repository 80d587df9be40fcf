/**
 * What `record` itself has at `key`. A key that somebody else chose (`constructor`, `__proto__`) must not reach what every
 * object inherits.
 */
export function ownValue<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
