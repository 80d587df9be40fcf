import { rowText } from './rowText.js';
import type { RowList } from '../shared/rowList.js';
import type { ConversationRow } from './conversationRows.js';

/** One place where the text that is looked for stands: the row, and which of the row's places it is. */
export interface FindMatch {
  readonly key: string;
  readonly occurrence: number;
}

/** Every place in the conversation, also in rows that are not drawn. Upper and lower case are the same. */
export function findMatches(rows: RowList<ConversationRow>, query: string): readonly FindMatch[] {
  const wanted = query.toLowerCase();
  if (wanted === '') return [];
  return rows.slice(0, rows.length).flatMap(row => {
    const count = occurrences(rowText(row).toLowerCase(), wanted);
    return Array.from({ length: count }, (_, occurrence) => ({ key: row.key, occurrence }));
  });
}

function occurrences(text: string, wanted: string): number {
  let count = 0;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) count++;
  return count;
}

/** The match that is current after the matches have changed: the same one if it is still there, else the nearest before. */
export function keepMatch(
  matches: readonly FindMatch[],
  { before, index }: { readonly before: FindMatch | undefined; readonly index: number },
): number {
  if (matches.length === 0) return -1;
  const same = before
    ? matches.findIndex(each => each.key === before.key && each.occurrence === before.occurrence)
    : -1;
  return same >= 0 ? same : Math.max(0, Math.min(index, matches.length - 1));
}
