import type { ConversationRow } from './conversationRows.js';

/** What a row says, folded away or not: where *Find* looks. */
export function rowText(row: ConversationRow): string {
  switch (row.kind) {
    case 'message':
      return row.body;
    case 'text':
      return row.text;
    case 'runEnd':
      return row.error;
    case 'entry':
      return entryText(row.row);
    case 'runStart':
    case 'activity':
      return '';
  }
}

function entryText(row: Extract<ConversationRow, { kind: 'entry' }>['row']): string {
  switch (row.kind) {
    case 'tool':
      return [row.call.title || row.call.path || row.call.tool, row.call.input, row.result?.output ?? ''].join('\n');
    case 'thinking':
    case 'raw':
      return row.text;
    case 'error':
      return row.message;
  }
}

/** True for rows that show only their first line until somebody unfolds them. */
export function isFoldable(row: ConversationRow): boolean {
  return row.kind === 'entry' && row.row.kind !== 'error';
}
