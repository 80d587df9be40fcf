import type { CanonicalObject, CanonicalValue } from '../canonicalValue.js';
import { goScalar } from './goScalar.js';

/** Go's library indents to multiples of this; what follows a dash by two. */
const INDENT = 4;

/** Block style as `yaml.v3` prints it, a newline at the end. */
export function goYaml(value: CanonicalObject): string {
  return `${mapping(value, 0)}\n`;
}

/** One line as `encoding/json` prints it, which escapes what HTML and JavaScript could misread; no newline at the end. */
export function goJson(value: CanonicalObject): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function mapping(object: CanonicalObject, indent: number): string {
  const entries = Object.entries(object);
  if (entries.length === 0) return '{}';
  const pad = ' '.repeat(indent);
  return entries.map(([key, value]) => `${pad}${goScalar(key, indent)}:${after(value, nextIndent(indent))}`).join('\n');
}

/** A value behind its key: on the same line when it is a scalar or empty. */
function after(value: CanonicalValue, indent: number): string {
  if (typeof value !== 'object') return ` ${scalar(value, indent)}`;
  if (isList(value)) return value.length === 0 ? ' []' : `\n${sequence(value, indent)}`;
  const text = mapping(value, indent);
  return text === '{}' ? ' {}' : `\n${text}`;
}

function sequence(items: readonly CanonicalValue[], indent: number): string {
  const pad = ' '.repeat(indent);
  return items.map(item => `${pad}- ${inItem(item, indent + 2)}`).join('\n');
}

function inItem(item: CanonicalValue, indent: number): string {
  if (typeof item !== 'object') return scalar(item, indent);
  return (isList(item) ? sequence(item, indent) : mapping(item, indent)).trimStart();
}

function scalar(value: string | number | boolean, indent: number): string {
  return typeof value === 'string' ? goScalar(value, indent) : String(value);
}

function nextIndent(indent: number): number {
  return INDENT * Math.floor((indent + INDENT) / INDENT);
}

function isList(value: CanonicalValue): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}
