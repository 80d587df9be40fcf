import { describe, expect, test } from 'vitest';
import type { TranscriptEntry } from '../../../src/protocol/webview/transcriptView.js';
import { Transcript } from '../../../webview/threadPage/transcript.js';
import type { TranscriptRow } from '../../../webview/threadPage/transcriptRows.js';

const call = (callId: string): TranscriptEntry => ({
  kind: 'tool_call',
  callId,
  tool: 'Bash',
  category: 'command',
  title: `run ${callId}`,
  input: '',
  path: '',
});
const result = (callId: string, output = 'done'): TranscriptEntry => ({
  kind: 'tool_result',
  callId,
  ok: true,
  output,
  cut: false,
});
const text = (said: string, delta = false): TranscriptEntry => ({ kind: 'text', text: said, ...(delta && { delta }) });

const transcriptRows = (entries: readonly TranscriptEntry[]): readonly TranscriptRow[] =>
  Transcript.of(entries).rows.rows;

/** Each row in short: kind, place of its first entry, and what it shows. */
const shortly = (entries: readonly TranscriptEntry[]): readonly string[] =>
  transcriptRows(entries).map(row => {
    switch (row.kind) {
      case 'tool':
        return `${row.index} tool ${row.call.title || '?'} ${row.result ? `-> ${row.result.output}` : '...'}`;
      case 'error':
        return `${row.index} error ${row.message}`;
      case 'raw':
        return `${row.index} raw ${row.lines}`;
      default:
        return `${row.index} ${row.kind} ${row.text}`;
    }
  });

describe('rows of a transcript', () => {
  test('a result joins its call, whatever came between', () => {
    expect(shortly([call('a'), call('b'), text('meanwhile'), result('b'), result('a', 'late')])).toEqual([
      '0 tool run a -> late',
      '1 tool run b -> done',
      '2 text meanwhile',
    ]);
  });

  test('a call without a result stays open; a result without a call is still shown', () => {
    expect(shortly([call('a'), result('x', 'stray')])).toEqual(['0 tool run a ...', '1 tool ? -> stray']);
  });

  test('a call id that is used twice joins each result to the call before it', () => {
    expect(shortly([call('a'), result('a', '1'), call('a'), result('a', '2')])).toEqual([
      '0 tool run a -> 1',
      '2 tool run a -> 2',
    ]);
  });

  test('the final answer is shown once', () => {
    expect(shortly([text('All done. '), { kind: 'result', text: 'All done.' }])).toEqual(['0 text All done.']);
    expect(shortly([text('Nearly'), call('a'), { kind: 'result', text: 'All done.' }])).toEqual([
      '0 text Nearly',
      '1 tool run a ...',
      '2 text All done.',
    ]);
    // What differs is only how it was cut and joined: it comes from the same place.
    expect(shortly([text('All ', true), text('done.\n', true), { kind: 'result', text: 'All  done.' }])).toEqual([
      '0 text All done.\n',
    ]);
  });

  test('pieces of a text are one text, until something else comes between', () => {
    expect(
      shortly([text('Hel', true), text('lo **wor', true), text('ld**', true), call('a'), text('Next', true)]),
    ).toEqual(['0 text Hello **world**', '3 tool run a ...', '4 text Next']);
  });

  test('whole texts stay apart', () => {
    expect(shortly([text('One.'), text('Two.')])).toEqual(['0 text One.', '1 text Two.']);
  });

  test('stray lines are one row, and so is what was thought', () => {
    const raw = (said: string): TranscriptEntry => ({ kind: 'raw', text: said });
    expect(shortly([raw('a'), raw('b'), raw(''), text('x'), raw('c')])).toEqual(['0 raw 2', '3 text x', '4 raw 1']);
  });

  test('rows keep their place while the transcript grows', () => {
    const entries = [text('One.'), call('a'), { kind: 'raw', text: 'x' } as const];
    const before = transcriptRows(entries).map(row => row.index);
    const after = transcriptRows([...entries, { kind: 'raw', text: 'y' }, result('a')]).map(row => row.index);
    expect(after).toEqual(before);
  });

  test('lines stay lines, whenever they arrive, and long output is many rows', () => {
    const lines = (said: string): TranscriptEntry => ({ kind: 'text', text: said, delta: true, plain: true });
    const row = { kind: 'text', index: 0, text: 'one\n  two\n\nthree\n', plain: true };
    expect(transcriptRows([lines('one\n  two\n\nthree\n')])).toEqual([row]);
    expect(transcriptRows([lines('one\n'), lines('  two\n\n'), lines('three\n')])).toEqual([row]);
    const many = transcriptRows(Array.from({ length: 5_000 }, (_, i) => lines(`line ${i}\n`)));
    expect(many.length).toBeGreaterThan(5);
    expect(many.map(each => (each.kind === 'text' ? each.text : '')).join('')).toContain('line 4998\nline 4999\n');
  });
});
