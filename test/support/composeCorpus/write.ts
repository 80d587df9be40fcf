import type { Random } from './random.ts';
import { isList, type Value } from './templates.ts';

/** Writes a file as people do: JSON, or YAML with some of it in flow style, keys in any order, quotes where they like. */
export function writeFile(random: Random, file: Value): string {
  if (random.chance(10)) return JSON.stringify(file, null, random.below(3));
  return block(random, file, 0).replace(/^\n/, '');
}

function block(random: Random, value: Value, indent: number): string {
  if (typeof value !== 'object' || value === null) return scalar(random, value, { flow: false });
  if (random.chance(15) && indent > 0) return flow(random, value);
  const pad = ' '.repeat(indent);
  if (isList(value)) {
    if (value.length === 0) return '[]';
    return `\n${value.map(item => `${pad}- ${inItem(random, item, indent + 2)}`).join('\n')}`;
  }
  const entries = random.shuffled(Object.entries(value));
  if (entries.length === 0) return '{}';
  const step = 2 + random.below(3);
  return `\n${entries.map(([key, item]) => `${pad}${keyText(key)}:${spaced(block(random, item, indent + step))}`).join('\n')}`;
}

function inItem(random: Random, item: Value, indent: number): string {
  return block(random, item, indent).replace(/^\n\s*/, '');
}

function spaced(text: string): string {
  return text === '' || text.startsWith('\n') ? text : ` ${text}`;
}

function flow(random: Random, value: Value): string {
  if (typeof value !== 'object' || value === null) return scalar(random, value, { flow: true });
  if (isList(value)) return `[${value.map(item => flow(random, item)).join(', ')}]`;
  return `{${random
    .shuffled(Object.entries(value))
    .map(([key, item]) => `${keyText(key)}: ${flow(random, item)}`)
    .join(', ')}}`;
}

function keyText(key: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(key) ? key : JSON.stringify(key);
}

function scalar(
  random: Random,
  value: string | number | boolean | null,
  { flow: inFlow }: { readonly flow: boolean },
): string {
  if (value === null) return random.pick(inFlow ? ['null', '~'] : ['', '~', 'null']);
  if (typeof value !== 'string') return String(value);
  const isPlain = /^[A-Za-z][A-Za-z0-9_./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  if (isPlain && random.chance(70)) return value;
  if (!/[\n']/.test(value) && random.chance(30)) return `'${value}'`;
  return JSON.stringify(value);
}
