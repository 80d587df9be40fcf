import type {
  TextEntry,
  ToolCallEntry,
  ToolResultEntry,
  TranscriptEntry,
} from '../../src/protocol/webview/transcriptView.js';

/** What one run said and did, as rows: results joined to their calls, stray output gathered. */
export type TranscriptRow =
  /** `plain`: lines, not Markdown. */
  | { readonly kind: 'text'; readonly index: number; readonly text: string; readonly plain: boolean }
  | { readonly kind: 'thinking'; readonly index: number; readonly text: string }
  | { readonly kind: 'tool'; readonly index: number; readonly call: ToolCallEntry; readonly result?: ToolResultEntry }
  | { readonly kind: 'raw'; readonly index: number; readonly text: string; readonly lines: number }
  | { readonly kind: 'error'; readonly index: number; readonly message: string; readonly reason: string };

/** The rows of a run so far, and what its end must not repeat. */
export interface RunRows {
  /** Only grows; what stands at a place keeps its `index`. */
  readonly rows: readonly TranscriptRow[];
  /** There is a text among them. */
  readonly hasText: boolean;
  /** There is an error among them. */
  readonly hasError: boolean;
}

/**
 * Makes the rows of one transcript: takes entries one after the other; a method for each kind that depends on what came before.
 * `index` is the place of a row's first entry: it never changes as the transcript grows.
 */
export class RowBuilder implements RunRows {
  readonly rows: TranscriptRow[] = [];
  hasText = false;
  hasError = false;
  /** Calls without a result yet, by call id: the row's place in `rows`. */
  readonly #open = new Map<string, number>();
  /** The last row is a text whose next piece may follow. */
  #openText = false;
  /** Since the last tool call, which is where the final answer stands. */
  #said = false;

  add(entry: TranscriptEntry, index: number): void {
    switch (entry.kind) {
      case 'text':
        return this.#addText(entry, index);
      case 'result':
        return this.#addResult(entry, index);
      case 'thinking':
      case 'raw':
        return addText(this.rows, { kind: entry.kind, index, text: entry.text });
      case 'tool_call':
        this.#said = false;
        this.#open.set(entry.callId, this.rows.length);
        this.rows.push({ kind: 'tool', index, call: entry });
        return;
      case 'tool_result':
        return this.#addToolResult(entry, index);
      case 'error':
        this.hasError = true;
        this.rows.push({ kind: 'error', index, message: entry.message, reason: entry.reason });
    }
  }

  #addText(entry: TextEntry, index: number): void {
    this.#said = true;
    const last = this.rows.at(-1);
    const plain = entry.plain === true;
    const piece = entry.delta === true;
    const goesOn = piece && this.#openText && last?.kind === 'text' && last.plain === plain;
    this.#openText = piece;
    if (goesOn && !(plain && isLong(last.text))) {
      this.rows[this.rows.length - 1] = { ...last, text: last.text + entry.text };
      return;
    }
    const trimmed = piece ? entry.text.trimStart() : entry.text.trim();
    if (trimmed !== '') this.#pushText({ kind: 'text', index, text: plain ? entry.text : trimmed, plain });
  }

  #addResult(entry: TextEntry, index: number): void {
    this.#openText = false;
    // What a CLI calls the result is what its agent said last, once more.
    const text = entry.text.trim();
    if (!this.#said && text !== '') this.#pushText({ kind: 'text', index, text, plain: false });
  }

  #pushText(row: Extract<TranscriptRow, { kind: 'text' }>): void {
    this.hasText = true;
    this.rows.push(row);
  }

  #addToolResult(entry: ToolResultEntry, index: number): void {
    const at = this.#open.get(entry.callId);
    const row = at === undefined ? undefined : this.rows[at];
    if (at !== undefined && row?.kind === 'tool') this.rows[at] = { ...row, result: entry };
    else this.rows.push({ kind: 'tool', index, call: callOfStrayResult(entry), result: entry });
  }
}

/** Lines beyond this begin a row of their own: the list draws only rows that are in view. */
const longestRow = 8_000;

function isLong(text: string): boolean {
  return text.length > longestRow;
}

/** Appends to the row before it when that is of the same kind, so that a hundred stray lines are one row. */
function addText(rows: TranscriptRow[], added: { kind: 'thinking' | 'raw'; index: number; text: string }): void {
  if (added.text.trim() === '') return;
  const last = rows.at(-1);
  const before = last?.kind === added.kind && !isLong(last.text) ? last : undefined;
  const text = before === undefined ? added.text : `${before.text}\n${added.text}`;
  const index = before?.index ?? added.index;
  if (before !== undefined) rows.pop();
  if (added.kind === 'thinking') rows.push({ kind: 'thinking', index, text });
  else rows.push({ kind: 'raw', index, text, lines: countLines(text) });
}

function callOfStrayResult({ callId }: ToolResultEntry): ToolCallEntry {
  return { kind: 'tool_call', callId, tool: '', category: 'other', title: '', input: '', path: '' };
}

/** Lines of a text; a newline at the end does not begin another one. */
export function countLines(text: string): number {
  const trimmed = text.replace(/\n+$/, '');
  return trimmed === '' ? 0 : trimmed.split('\n').length;
}
