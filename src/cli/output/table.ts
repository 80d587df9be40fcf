/** One cell: what is shown, and how many columns of the terminal it takes when that is not its own width. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
  readonly align?: 'right';
}

/**
 * Aligned columns, two spaces apart, without a border. Where `width` is given and the rows are wider, the `elastic` column is
 * cut; nothing is cut when the output is not a terminal.
 */
export function formatTable(
  rows: readonly (readonly Cell[])[],
  { width, elastic }: { readonly width?: number | undefined; readonly elastic?: number | undefined } = {},
): readonly string[] {
  const columns = Math.max(0, ...rows.map(row => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map(row => displayWidth(row[column]?.text ?? ''))),
  );
  const total = widths.reduce((sum, each) => sum + each, 0) + 2 * (columns - 1);
  if (width !== undefined && elastic !== undefined && total > width) {
    widths[elastic] = Math.max(12, (widths[elastic] ?? 0) - (total - width));
  }
  return rows.map(row =>
    row
      .map((cell, column) => {
        const room = widths[column] ?? 0;
        const text = width === undefined ? cell.text : truncate(cell.text, room);
        const padding = ' '.repeat(Math.max(0, room - displayWidth(text)));
        const shown = cell.paint ? cell.paint(text) : text;
        return cell.align === 'right' ? padding + shown : shown + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Made at the first text that is not plain: it loads tables of Unicode. */
let segmenter: Intl.Segmenter | undefined;

function segmentsOf(text: string): Iterable<Intl.SegmentData> {
  return (segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })).segment(text);
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** How many columns of a terminal the text takes. */
export function displayWidth(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of segmentsOf(text)) columns += wide.test(segment) ? 2 : 1;
  return columns;
}

/** The text, or its beginning and `…`, in at most `room` columns. */
export function truncate(text: string, room: number): string {
  if (displayWidth(text) <= room) return text;
  let cut = '';
  let columns = 0;
  for (const { segment } of segmentsOf(text)) {
    columns += displayWidth(segment);
    if (columns > room - 1) break;
    cut += segment;
  }
  return `${cut.trimEnd()}…`;
}
