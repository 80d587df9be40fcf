import type { EnvEntry } from '../projectSpec.js';
import type { ComposeNode } from '../source/composeNode.js';
import { child } from '../source/composeNode.js';
import type { NormalizeContext } from './normalizeContext.js';
import { byName, entriesOf, flagAt, rawText, refuse } from './normalizeContext.js';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The names in `${NAME}`, in order, each once. */
export function referencedNames(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(REFERENCE), match => match[1] ?? ''))];
}

/** Replaces `${NAME}`; unknown names stay as they are. Nothing else has a meaning, and results are not read again. */
export function resolveText(text: string, env: (name: string) => string | undefined): string {
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
  return resolveText(text, context.env);
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
  for (const name of referencedNames(text)) {
    if (context.env(name) !== undefined) continue;
    const message = `environment variable ${name} is required`;
    refuse(context, { code: 'compose.missingVariable', path, span: node.span, text: message });
  }
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
