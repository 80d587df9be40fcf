import type { ToolCallEntry, ToolResultEntry, TranscriptEntry } from '../../src/protocol/webview/transcriptView.js';

/** What one run said and did, as rows: results joined to their calls, stray output gathered. */
export type TranscriptRow =
  /** `plain`: lines, not Markdown. */
  | { readonly kind: 'text'; readonly index: number; readonly text: string; readonly plain: boolean }
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
  /** The last row is a text whose next piece may follow. */
  let openText = false;
  /** Since the last tool call, which is where the final answer stands. */
  let said = false;
  entries.forEach((entry, index) => {
    switch (entry.kind) {
      case 'text': {
        said = true;
        const last = rows.at(-1);
        const plain = entry.plain === true;
        const goesOn = entry.delta === true && openText && last?.kind === 'text' && last.plain === plain;
        openText = entry.delta === true;
        if (goesOn && !(plain && isLong(last.text))) {
          rows[rows.length - 1] = { ...last, text: last.text + entry.text };
          return;
        }
        const text = plain ? entry.text : openText ? entry.text.trimStart() : entry.text.trim();
        if (text.trim() !== '') rows.push({ kind: 'text', index, text, plain });
        return;
      }
      case 'result': {
        openText = false;
        // What a CLI calls the result is what its agent said last, once more.
        const text = entry.text.trim();
        if (!said && text !== '') rows.push({ kind: 'text', index, text, plain: false });
        return;
      }
      case 'thinking':
        addText(rows, { kind: 'thinking', index, text: entry.text });
        return;
      case 'raw':
        addText(rows, { kind: 'raw', index, text: entry.text });
        return;
      case 'tool_call':
        said = false;
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

/** Lines beyond this begin a row of their own: the list draws only rows that are in view. */
const maxPlainRow = 8_000;

function isLong(text: string): boolean {
  return text.length > maxPlainRow;
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
