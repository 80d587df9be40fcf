/** A file that a text points at, with a 1-based line where one is given. */
export interface FileReference {
  readonly path: string;
  readonly line?: number;
}

/** Reads `src/a.ts`, `src/a.ts:12`, `src/a.ts:12:5`, `src/a.ts#L12` and `/abs/a.ts`; undefined for anything else. */
export function parseFileReference(text: string): FileReference | undefined {
  const match = /^(?<path>[^\s:#?*"<>|`]+?)(?:(?::|#L)(?<line>[1-9]\d{0,6})(?:[-:,].{0,12})?)?$/.exec(text.trim());
  const path = match?.groups?.['path'];
  if (
    path === undefined ||
    path.length > 1_000 ||
    path.startsWith('//') ||
    (/^[a-z][a-z0-9+.-]*$/i.test(path) && !path.includes('.'))
  ) {
    return undefined;
  }
  const line = match?.groups?.['line'];
  return line === undefined ? { path } : { path, line: Number(line) };
}

/** What a click on a link means: a file of the worktree, an address outside, or nothing. */
export type LinkTarget =
  | { readonly kind: 'file'; readonly path: string; readonly line?: number }
  | { readonly kind: 'address'; readonly url: string };

/** Reads the attributes that the Markdown renderer left on a link. */
export function linkTarget(link: { getAttribute(name: string): string | null }): LinkTarget | undefined {
  const path = link.getAttribute('data-path');
  if (path !== null && path !== '') {
    const line = Number(link.getAttribute('data-line') ?? '');
    return Number.isInteger(line) && line > 0 ? { kind: 'file', path, line } : { kind: 'file', path };
  }
  const href = link.getAttribute('href') ?? '';
  return /^(https?|mailto):/i.test(href) ? { kind: 'address', url: href } : undefined;
}
