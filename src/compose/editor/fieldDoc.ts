import { shapeText } from '../reference/composeReference.js';
import type { Field } from '../schema/shape.js';

/** Markdown about a field: what it is, what it takes, what holds without it. */
export function fieldDoc(name: string, field: Field): string {
  const lines = [`**${name}**: ${shapeText(field.shape)}`, '', field.doc];
  if (field.fallback !== undefined) lines.push('', `Left out: ${field.fallback}.`);
  if (field.interpolated) lines.push('', '`${NAME}` is replaced here.');
  if (field.planned) lines.push('', '*Accepted and kept; this version does not act on it yet.*');
  return lines.join('\n');
}
