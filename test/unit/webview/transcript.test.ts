import { describe, expect, test } from 'vitest';
import type { TranscriptEntry } from '../../../src/protocol/webview/transcriptView.js';
import { RowList } from '../../../webview/shared/rowList.js';
import { conversationRows } from '../../../webview/threadPage/conversationRows.js';
import { Transcript } from '../../../webview/threadPage/transcript.js';
import { randomFrom } from '../../support/sample.js';

/** Entries of every kind whose rows depend on what came before. */
function entries(count: number, seed: number): readonly TranscriptEntry[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, i): TranscriptEntry => {
    const callId = `call${Math.floor(random() * 8)}`;
    switch (Math.floor(random() * 7)) {
      case 0:
        return { kind: 'text', text: `Text ${i} `, delta: random() < 0.5 };
      case 1:
        return { kind: 'text', text: `${'line '.repeat(i % 900)}${i}\n`, delta: true, plain: true };
      case 2:
        return { kind: 'raw', text: 'stray '.repeat(i % 900) };
      case 3:
        return { kind: 'tool_call', callId, tool: 'Bash', category: 'command', title: `${i}`, input: '', path: '' };
      case 4:
        return { kind: 'tool_result', callId, ok: true, output: `${i}`, cut: false };
      case 5:
        return { kind: 'error', message: `${i}`, reason: '' };
      default:
        return { kind: 'result', text: `Result ${i}` };
    }
  });
}

describe('a transcript that grows', () => {
  test.each([1, 2, 3, 4])('has the rows of one that came whole, however it was cut (%i)', seed => {
    const all = entries(600, seed);
    const random = randomFrom(seed + 100);
    let grown = Transcript.empty;
    for (let at = 0; at < all.length;) {
      const end = at + 1 + Math.floor(random() * 40);
      grown = grown.append(all.slice(at, end));
      at = end;
      // Looked at now and then, as a page does.
      if (random() < 0.5) expect(grown.rows.rows.length).toBeGreaterThanOrEqual(0);
    }
    const whole = Transcript.of(all);
    expect(grown.rows.rows).toEqual(whole.rows.rows);
    expect([grown.rows.hasText, grown.rows.hasError]).toEqual([whole.rows.hasText, whole.rows.hasError]);
    expect(grown.last(7)).toEqual(all.slice(-7));
  });

  test('leaves what was handed out earlier as it was', () => {
    const all = entries(40, 5);
    const first = Transcript.of(all.slice(0, 20));
    const [one, other] = [first.append(all.slice(20)), first.append([{ kind: 'raw', text: 'otherwise' }])];
    expect([first.length, one.length, other.length]).toEqual([20, 40, 21]);
    expect(first.rows.rows).toEqual(Transcript.of(all.slice(0, 20)).rows.rows);
    expect(one.rows.rows).toEqual(Transcript.of(all).rows.rows);
    expect(other.last(1)).toEqual([{ kind: 'raw', text: 'otherwise' }]);
    expect(Transcript.empty.length).toBe(0);
  });

  test('makes only the rows that are new, and says that all before have their keys', () => {
    const made: number[] = [];
    const counted = (length: number) => ({
      key: 'run',
      length,
      at: (index: number) => {
        made.push(index);
        return { key: `row${index}` };
      },
    });
    const tail = (key: string) => ({ key, length: 1, at: () => ({ key }) });
    const before = new RowList([counted(1_000), tail('activity')]);
    const after = new RowList([counted(1_010), tail('activity')]);
    expect(after.sharedWith(before)).toBe(1_000);
    expect(made).toEqual([]);
    expect(after.slice(1_008, 1_020).map(({ key }) => key)).toEqual(['row1008', 'row1009', 'activity']);
    expect(made).toEqual([1_008, 1_009]);
    expect([after.at(-1), after.at(1_011), after.indexOf('activity'), after.indexOf('none')]).toEqual([
      undefined,
      undefined,
      1_010,
      -1,
    ]);
  });

  test('keeps the keys of a conversation up to the row that is new', () => {
    const all = entries(200, 6);
    const run = {
      id: 'r1',
      messageId: 'm1',
      agent: 'dev',
      provider: 'claude',
      model: '',
      status: 'running',
      queuedAt: 1,
    } as const;
    const listOf = (transcript: Transcript) =>
      conversationRows({ messages: [], runs: [run], transcripts: new Map([['r1', transcript]]) });
    let transcript = Transcript.of(all.slice(0, 1));
    for (let at = 1; at < all.length; at++) {
      const before = listOf(transcript);
      const keys = before.slice(0, before.length).map(({ key }) => key);
      transcript = transcript.append(all.slice(at, at + 1));
      const after = listOf(transcript);
      const shared = after.sharedWith(before);
      expect(after.slice(0, shared).map(({ key }) => key)).toEqual(keys.slice(0, shared));
      expect(shared).toBeGreaterThanOrEqual(before.length - 1);
    }
  });
});
