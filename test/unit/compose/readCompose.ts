import { parseCompose, type ComposeResult } from '../../../src/compose/parseCompose.js';

/** Reads a file in a folder called `shop`. */
export function read(text: string, env: Readonly<Record<string, string>> = {}): ComposeResult {
  return parseCompose(text, { directoryName: 'shop', env: name => env[name] });
}

/** Errors as `path: detail`. */
export function errorsOf(text: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  return read(text, env)
    .diagnostics.filter(found => found.severity === 'error')
    .map(found => `${found.path}: ${found.detail}`);
}

/** An agent `reviewer` with these lines as its body. */
export function agent(...lines: readonly string[]): string {
  return `agents:\n  reviewer:\n${lines.map(line => `    ${line}\n`).join('')}`;
}

/** An agent with one trigger, in flow style. */
export function trigger(text: string): string {
  return agent('scheduler:', '  triggers:', `    - ${text}`);
}
