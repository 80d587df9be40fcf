import { describe, expect, test } from 'vitest';
import { conversationRows } from '../../../webview/threadPage/conversationRows.js';
import { findMatches, keepMatch } from '../../../webview/threadPage/findMatches.js';
import { Transcript } from '../../../webview/threadPage/transcript.js';
import { messageView, runView } from '../../webview/support/threadFixtures.js';
import type { TranscriptEntry } from '../../../src/protocol/webview/transcriptView.js';

const runId = 'run000000001';
const rowsOf = (entries: readonly TranscriptEntry[]) =>
  conversationRows({
    messages: [messageView()],
    runs: [runView({ status: 'succeeded' })],
    transcripts: new Map([[runId, Transcript.of(entries)]]),
  });

describe('what is looked for in a conversation', () => {
  test('is found in every row, also in the folded parts of tool calls, whatever its case', () => {
    const rows = rowsOf([
      { kind: 'text', text: 'Needle here, and a needle there.' },
      {
        kind: 'tool_call',
        callId: 'c1',
        tool: 'Bash',
        category: 'command',
        title: 'make',
        input: 'find NEEDLE',
        path: '',
      },
      { kind: 'tool_result', callId: 'c1', output: 'one needle', ok: true, cut: false },
      { kind: 'raw', text: 'nothing' },
    ]);
    expect(findMatches(rows, 'needle')).toEqual([
      { key: `${runId}:0`, occurrence: 0 },
      { key: `${runId}:0`, occurrence: 1 },
      { key: `${runId}:1`, occurrence: 0 },
      { key: `${runId}:1`, occurrence: 1 },
    ]);
    expect(findMatches(rows, '')).toEqual([]);
  });

  test('stays the current one while the agent says more', () => {
    const before = { key: 'b', occurrence: 0 };
    const matches = [{ key: 'a', occurrence: 0 }, { key: 'new', occurrence: 0 }, before];
    expect(keepMatch(matches, { before, index: 1 })).toBe(2);
    expect(keepMatch(matches.slice(0, 2), { before, index: 5 })).toBe(1);
    expect(keepMatch([], { before, index: 0 })).toBe(-1);
  });
});
