import type { LineRange } from '../../base/textAnchor.js';
import { patchOfHunks } from './patch.js';

/** A block as GitHub and GitLab have it: what it holds is to stand in place of the lines that the comment is about. */
const block = /^(`{3,}|~{3,})suggestion[^\n]*\n([\s\S]*?)^\1[ \t]*$/m;

/** The lines that a comment suggests in place of its own; none of them: they are to go. Undefined: it suggests nothing. */
export function suggestionIn(text: string): readonly string[] | undefined {
  const found = block.exec(text.replaceAll('\r\n', '\n'));
  if (!found) return undefined;
  const body = found[2] ?? '';
  return body === '' ? [] : body.replace(/\n$/, '').split('\n');
}

/**
 * The patch that, applied in reverse, puts a suggestion into a file: it leads from the suggested lines to those that are there.
 * Line ends are those of the file.
 */
export function suggestionPatch(
  path: string,
  {
    text,
    lines,
    suggested,
  }: { readonly text: readonly string[]; readonly lines: LineRange; readonly suggested: readonly string[] },
): string {
  const there = text.slice(lines.start - 1, lines.end);
  const end = there[0]?.endsWith('\r') === true ? '\r' : '';
  // The last piece of a text that ends with a line end is no line.
  const unended = lines.end >= text.length;
  const raw = (sign: string, all: readonly string[]): readonly string[] => [
    ...all.map(line => `${sign}${line}`),
    ...(unended && all.length > 0 ? ['\\ No newline at end of file'] : []),
  ];
  const wanted = suggested.map((line, index) => (unended && index === suggested.length - 1 ? line : `${line}${end}`));
  // Git names the line before a place in which there is nothing.
  const start = suggested.length === 0 ? lines.start - 1 : lines.start;
  const hunk = {
    oldStart: start,
    oldLines: wanted.length,
    newStart: lines.start,
    newLines: there.length,
    raw: [...raw('-', wanted), ...raw('+', there)],
  };
  return patchOfHunks(path, [hunk]);
}
