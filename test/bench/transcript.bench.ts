import type { Figure } from '../../src/build/benchFigures.ts';
import type { TranscriptEntry } from '../../src/protocol/webview/transcriptView.js';
import { RowList } from '../../webview/shared/rowList.js';
import { VirtualWindow } from '../../webview/shared/virtualWindow.js';
import { conversationRows, type ConversationRow } from '../../webview/threadPage/conversationRows.js';
import { applyMessage, cachedPart, initialState, type PageState } from '../../webview/threadPage/pageState.js';
import { spread } from './figures.js';

const sizes = [1_000, 10_000, 100_000];
const batch = 50;
const rounds = 40;
const viewport = { from: 0, to: 900 };

/** What a thread page does with a batch of entries when there are many already: everything but painting. */
export async function measure(): Promise<readonly Figure[]> {
  return sizes.flatMap(size => {
    const page = new Page();
    for (let at = 0; at < size; at += 500) page.take(at, 500);
    const times = Array.from({ length: rounds }, (_, round) => {
      const begin = performance.now();
      page.take(size + round * batch, batch);
      return performance.now() - begin;
    });
    return spread(`transcript page: a batch of ${batch} at ${size / 1000} k entries`, times, { p50: 2 });
  });
}

const run = {
  id: 'run000000001',
  messageId: 'm1',
  agent: 'dev',
  provider: 'claude',
  model: '',
  status: 'running',
  queuedAt: 1,
} as const;

class Page {
  readonly #window = new VirtualWindow();
  #state: PageState = { ...initialState(undefined), runs: [run], loaded: true };
  #rows = new RowList<ConversationRow>();

  take(from: number, count: number): void {
    const entries = Array.from({ length: count }, (_, i) => entryOf(from + i));
    this.#state = applyMessage(this.#state, { type: 'transcript', runId: run.id, entries });
    const rows = conversationRows(this.#state);
    this.#window.setRows(rows, rows.sharedWith(this.#rows));
    this.#rows = rows;
    const { total } = this.#window;
    const { start, end } = this.#window.range(total - viewport.to, total - viewport.from);
    rows.slice(start, end);
    cachedPart(this.#state);
  }
}

function entryOf(i: number): TranscriptEntry {
  if (i % 3 === 0) return { kind: 'text', text: `Entry ${i}: ${'a sentence about the work. '.repeat(i % 7)}` };
  const callId = `call${i - (i % 3)}`;
  if (i % 3 === 2) return { kind: 'tool_result', callId, ok: true, output: 'done', cut: false };
  return { kind: 'tool_call', callId, tool: 'Bash', category: 'command', title: `echo ${i}`, input: '', path: '' };
}
