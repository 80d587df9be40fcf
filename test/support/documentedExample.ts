import { readFileSync } from 'node:fs';
import { inRepository } from '../../src/build/paths.ts';

export const cliDocumentation = readFileSync(inRepository('docs/cli.md'), 'utf8');

/** The JSON under `<!-- example: name -->` in docs/cli.md. */
export function documentedExample(name: string): Record<string, unknown> {
  const match = new RegExp(`<!-- example: ${name} -->\\n\`\`\`json\\n([\\s\\S]*?)\\n\`\`\``).exec(cliDocumentation);
  if (!match?.[1]) throw new Error(`docs/cli.md has no example ${name}`);
  return JSON.parse(match[1]) as Record<string, unknown>;
}

/** The keys of a value, all the way down; of a list, those of all its members together. */
export function keysOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap(member => keysOf(member, `${path}[]`)))].toSorted();
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .flatMap(([key, member]) => [`${path}.${key}`, ...keysOf(member, `${path}.${key}`)])
    .toSorted();
}
