import { fieldOf, textField } from '../../base/unknownFields.js';

/** Kernels count code points, editors count UTF-16 units. */
export function codePointsTo(text: string, offset: number): number {
  return Array.from(text.slice(0, offset)).length;
}

/** The other way round; behind the end it is the end. */
export function utf16Offset(text: string, codePoints: number): number {
  let offset = 0;
  for (let left = codePoints; left > 0 && offset < text.length; left--) offset += charLength(text, offset);
  return offset;
}

function charLength(text: string, offset: number): number {
  return (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
}

export interface KernelMatch {
  readonly text: string;
  /** As the kernel calls it: `function`, `instance`, `module`; empty when it does not say. */
  readonly kind: string;
  readonly detail: string;
}

/** A kernel lists everything that a module has; nobody reads further. */
const maxMatches = 1_000;
const longestMatch = 400;

/** What a kernel proposes. IPython says of each what it is, in a field that others do not have. */
export function matchesOf({
  matches,
  metadata,
}: {
  readonly matches: readonly unknown[];
  readonly metadata: unknown;
}): readonly KernelMatch[] {
  const types: unknown = fieldOf(metadata, '_jupyter_types_experimental');
  const told = new Map<string, unknown>();
  for (const each of Array.isArray(types) ? types : []) told.set(String(fieldOf(each, 'text')), each);
  return matches
    .filter(match => typeof match === 'string')
    .filter(match => match !== '' && match.length <= longestMatch)
    .slice(0, maxMatches)
    .map(text => {
      const known = told.get(text);
      return { text, kind: textField(known, 'type'), detail: textField(known, 'signature').slice(0, longestMatch) };
    });
}

export type CompletionKind = 'Function' | 'Class' | 'Module' | 'Variable' | 'Keyword' | 'File' | 'Property' | 'Text';

const kinds: ReadonlyMap<string, CompletionKind> = new Map([
  ['function', 'Function'],
  ['class', 'Class'],
  ['module', 'Module'],
  ['instance', 'Variable'],
  ['statement', 'Variable'],
  ['keyword', 'Keyword'],
  ['path', 'File'],
  ['property', 'Property'],
  ['param', 'Property'],
  ['magic', 'Function'],
]);

/** VS Code's word for what a kernel calls a name. */
export function completionKinds(kind: string): CompletionKind {
  return kinds.get(kind) ?? 'Text';
}

/** A docstring that fills the screen is enough. */
const longestInspection = 20_000;

/** What a kernel says of a name, without the colours of a terminal. */
export function textOfInspection(data: unknown): string {
  const text = textField(data, 'text/plain');
  return text
    .slice(0, longestInspection)
    .replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '')
    .trim();
}
