import { expandVariables } from '../expansion.js';
import type { EnvEntry } from '../projectSpec.js';
import type { ComposeNode } from '../source/composeNode.js';
import { child } from '../source/composeNode.js';
import type { NormalizeContext } from './normalizeContext.js';
import { byName, entriesOf, flagAt, rawText, refuse } from './normalizeContext.js';

type LookUp = (name: string) => string | undefined;

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
/** The forms of a compose file: those with braces, and `$$` for a dollar. `$NAME` is text: scripts are full of it. */
const FORMS = /\$\$|\$\{(?<braced>[A-Za-z_][A-Za-z0-9_]*)(?<operator>:?[-?+])?/g;

/** The names in `${NAME}` and its kin, in order, each once; also those in defaults. */
export function referencedNames(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(FORMS), match => match.groups?.['braced'] ?? '').filter(Boolean))];
}

/**
 * Replaces `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${NAME:+other}` (each also without the colon) and `$$`; unknown
 * names stay as they are, and results are not read again.
 */
export function resolveText(text: string, env: LookUp): string {
  const { text: resolved, unset, refused } = expandVariables(text, env, FORMS);
  // What is missing has been said; a text that is resolved by half would hide it.
  return unset.length > 0 || refused !== undefined ? resolveExactly(text, env) : resolved;
}

/** The same for `${NAME}` alone, as agent-compose has it. */
function resolveExactly(text: string, env: LookUp): string {
  return text.replace(REFERENCE, (whole, name: string) => env(name) ?? whole);
}

/** Text of a scalar with its references replaced, in the places where the language allows them. */
export function interpolated(
  context: NormalizeContext,
  node: ComposeNode | undefined,
  path = node?.path ?? '',
): string {
  const text = rawText(node);
  if (node) reportMissing(context, node, text, path);
  return context.exact ? resolveExactly(text, context.env) : resolveText(text, context.env);
}

/** Trimmed; `undefined` when nothing is left. */
export function interpolatedAt(
  context: NormalizeContext,
  node: ComposeNode | undefined,
  key: string,
): string | undefined {
  const text = interpolated(context, child(node, key)).trim();
  return text === '' ? undefined : text;
}

/** What the file says, for values that must not be kept resolved; their references are still checked. */
export function templateAt(context: NormalizeContext, node: ComposeNode | undefined, key: string): string | undefined {
  const value = child(node, key);
  const text = rawText(value).trim();
  if (!value || text === '') return undefined;
  reportMissing(context, value, text, value.path);
  return text;
}

function reportMissing(context: NormalizeContext, node: ComposeNode, text: string, path: string): void {
  if (!text.includes('${')) return;
  for (const message of missingIn(context, text)) {
    refuse(context, { code: 'compose.missingVariable', path, span: node.span, text: message });
  }
}

/** What is said of variables that the text cannot do without. */
function missingIn({ env, exact }: NormalizeContext, text: string): readonly string[] {
  const required = (name: string): string => `environment variable ${name} is required`;
  if (exact) {
    const names = new Set(Array.from(text.matchAll(REFERENCE), match => match[1] ?? ''));
    return [...names].filter(name => env(name) === undefined).map(required);
  }
  const { unset, refused } = expandVariables(text, env, FORMS);
  return [...new Set(unset)].map(required).concat(refused === undefined ? [] : [`environment variable ${refused}`]);
}

export interface EnvOptions {
  /** Values with a reference are treated as secrets even when the file does not say so. */
  readonly referencesAreSecret?: boolean;
}

/** `{NAME: text | {value, secret}}`, sorted by name. */
export function envEntries(
  context: NormalizeContext,
  node: ComposeNode | undefined,
  options: EnvOptions = {},
): readonly EnvEntry[] {
  return byName(entriesOf(node).map(entry => envEntry(context, entry.key, entry.value, options)));
}

function envEntry(context: NormalizeContext, name: string, node: ComposeNode, options: EnvOptions): EnvEntry {
  const valueNode = node.kind === 'mapping' ? child(node, 'value') : node;
  const path = node.kind === 'mapping' ? (valueNode?.path ?? node.path) : `${node.path}.value`;
  const text = rawText(valueNode);
  const hasReference = referencedNames(text).length > 0;
  if (!flagAt(node, 'secret', false) && !(options.referencesAreSecret === true && hasReference)) {
    return { name, secret: false, value: interpolated(context, valueNode, path) };
  }
  if (valueNode && hasReference) reportMissing(context, valueNode, text, path);
  if (valueNode && !hasReference && text !== '') {
    refuse(context, {
      code: 'compose.secretInFile',
      severity: 'information',
      path,
      span: valueNode.span,
      text: 'this secret stands in the file; write ${NAME} to take it from the environment',
    });
  }
  return { name, secret: true, template: text };
}
