import { shellScript } from '../../base/shellScript.js';

/** The fields of an object that a script gave. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** A text in camelCase or snake_case; empty ones are none. */
export function textField(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = valueOf(fields, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberField(fields: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = valueOf(fields, name);
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
}

/** Whatever a field in camelCase or snake_case has. */
export function valueOf(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  const entries = new Map(Object.entries(fields));
  return entries.get(name) ?? entries.get(name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`));
}

/**
 * The shell script of `scheduler.exec` and `scheduler.shell`. What the script wrote as a command's words stays those words,
 * whatever is in them.
 */
export function commandScript(fields: Readonly<Record<string, unknown>>): string {
  const env = Object.entries(fieldsOf(valueOf(fields, 'env'))).map(([name, value]) => [name, String(value)] as const);
  const args = valueOf(fields, 'args');
  const words = [textField(fields, 'command') ?? '', ...(Array.isArray(args) ? args.map(String) : [])];
  const body = textField(fields, 'script') ?? words;
  return shellScript({ env: Object.fromEntries(env), cwd: textField(fields, 'cwd'), body });
}
