import type { ToolCallEntry, ToolResultEntry, TranscriptEntry } from '../../src/protocol/webview/transcriptView.js';

/** What one run said and did, as rows: results joined to their calls, stray output gathered. */
export type TranscriptRow =
  | { readonly kind: 'text'; readonly index: number; readonly text: string }
  | { readonly kind: 'thinking'; readonly index: number; readonly text: string }
  | { readonly kind: 'tool'; readonly index: number; readonly call: ToolCallEntry; readonly result?: ToolResultEntry }
  | { readonly kind: 'raw'; readonly index: number; readonly text: string; readonly lines: number }
  | { readonly kind: 'error'; readonly index: number; readonly message: string; readonly reason: string };

/** Rows by transcript, so that a transcript that did not grow is not gone through again. */
const known = new WeakMap<readonly TranscriptEntry[], readonly TranscriptRow[]>();

/** Makes the rows of one transcript. `index` is the place of a row's first entry: it never changes as the transcript grows. */
export function transcriptRows(entries: readonly TranscriptEntry[]): readonly TranscriptRow[] {
  const before = known.get(entries);
  if (before) return before;
  const rows = buildRows(entries);
  known.set(entries, rows);
  return rows;
}

function buildRows(entries: readonly TranscriptEntry[]): readonly TranscriptRow[] {
  const rows: TranscriptRow[] = [];
  /** Calls without a result yet, by call id: the row's place in `rows`. */
  const open = new Map<string, number>();
  let lastText = '';
  /** The last row is a text whose next piece may follow. */
  let openText = false;
  entries.forEach((entry, index) => {
    switch (entry.kind) {
      case 'text':
      case 'result': {
        const last = rows.at(-1);
        const goesOn = entry.delta === true && openText && last?.kind === 'text';
        openText = entry.delta === true;
        if (goesOn) {
          lastText = last.text + entry.text;
          rows[rows.length - 1] = { ...last, text: lastText };
          return;
        }
        const text = openText ? entry.text.trimStart() : entry.text.trim();
        // The final answer is usually the last text once more.
        if (text === '' || (entry.kind === 'result' && text === lastText.trim())) return;
        lastText = text;
        rows.push({ kind: 'text', index, text });
        return;
      }
      case 'thinking':
        addText(rows, { kind: 'thinking', index, text: entry.text });
        return;
      case 'raw':
        addText(rows, { kind: 'raw', index, text: entry.text });
        return;
      case 'tool_call':
        open.set(entry.callId, rows.length);
        rows.push({ kind: 'tool', index, call: entry });
        return;
      case 'tool_result': {
        const at = open.get(entry.callId);
        const row = at === undefined ? undefined : rows[at];
        if (at !== undefined && row?.kind === 'tool') rows[at] = { ...row, result: entry };
        else rows.push({ kind: 'tool', index, call: callOfStrayResult(entry), result: entry });
        return;
      }
      case 'error':
        rows.push({ kind: 'error', index, message: entry.message, reason: entry.reason });
    }
  });
  return rows;
}

/** Appends to the row before it when that is of the same kind, so that a hundred stray lines are one row. */
function addText(rows: TranscriptRow[], added: { kind: 'thinking' | 'raw'; index: number; text: string }): void {
  if (added.text.trim() === '') return;
  const last = rows.at(-1);
  const joined = last?.kind === added.kind ? `${last.text}\n${added.text}` : added.text;
  const index = last?.kind === added.kind ? last.index : added.index;
  if (last?.kind === added.kind) rows.pop();
  if (added.kind === 'thinking') rows.push({ kind: 'thinking', index, text: joined });
  else rows.push({ kind: 'raw', index, text: joined, lines: countLines(joined) });
}

function callOfStrayResult({ callId }: ToolResultEntry): ToolCallEntry {
  return { kind: 'tool_call', callId, tool: '', category: 'other', title: '', input: '', path: '' };
}

/** Lines of a text; a newline at the end does not begin another one. */
export function countLines(text: string): number {
  const trimmed = text.replace(/\n+$/, '');
  return trimmed === '' ? 0 : trimmed.split('\n').length;
}
