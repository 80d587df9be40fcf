/** A mapping, as JSON has them: neither a list nor nothing. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an unknown value has under a name of its own; never what every object inherits. */
export function fieldOf(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A text under a name; empty when it is none. */
export function textField(value: unknown, name: string): string {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : '';
}

/** A finite number under a name. */
export function numberField(value: unknown, name: string): number | undefined {
  const field = fieldOf(value, name);
  return typeof field === 'number' && Number.isFinite(field) ? field : undefined;
}

/** A mapping under a name. */
export function recordField(value: unknown, name: string): Readonly<Record<string, unknown>> | undefined {
  const field = fieldOf(value, name);
  return isRecord(field) ? field : undefined;
}

/** The mappings of a list under a name; what is none is left out. */
export function recordsField(value: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  const field = fieldOf(value, name);
  return Array.isArray(field) ? field.filter(isRecord) : [];
}

/** True for an object or class that has functions of these names, whoever it inherits them from. */
export function hasFunctions(value: unknown, names: readonly string[]): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return names.every(name => typeof Reflect.get(value, name) === 'function');
}
