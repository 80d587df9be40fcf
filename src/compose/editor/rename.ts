import { IDENTIFIER } from '../schema/shape.js';
import type { Span } from '../source/textPosition.js';
import type { ComposeSource } from './composeSource.js';
import { nameAt, namesIn } from './names.js';

export type RenameResult =
  | { readonly ok: true; readonly edits: readonly { readonly span: Span; readonly newText: string }[] }
  | { readonly ok: false; readonly reason: string };

/** What a rename at the cursor would change; `undefined` when there is no name that this file defines. */
export function renameTarget(
  source: ComposeSource,
  offset: number,
): { readonly span: Span; readonly name: string } | undefined {
  const found = nameAt(source, offset);
  if (!found) return undefined;
  const isDefined = namesIn(source).some(
    other => other.role === 'definition' && other.kind === found.kind && other.name === found.name,
  );
  return isDefined ? { span: found.span, name: found.name } : undefined;
}

/** Renames an agent, workspace, server, volume or provider in its definition and in all uses. */
export function rename(source: ComposeSource, offset: number, newName: string): RenameResult {
  const target = renameTarget(source, offset);
  const found = nameAt(source, offset);
  if (!target || !found) return { ok: false, reason: 'There is no name here that this file defines.' };
  if (!new RegExp(IDENTIFIER, 'u').test(newName)) return { ok: false, reason: `A name must match ${IDENTIFIER}.` };
  const names = namesIn(source).filter(other => other.kind === found.kind);
  if (newName !== found.name && names.some(other => other.role === 'definition' && other.name === newName)) {
    return { ok: false, reason: `"${newName}" exists already.` };
  }
  const edits = names.filter(other => other.name === found.name).map(other => ({ span: other.span, newText: newName }));
  return { ok: true, edits };
}
