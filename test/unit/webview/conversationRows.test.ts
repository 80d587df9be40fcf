import { describe, expect, test } from 'vitest';
import type { MessageView, RunView } from '../../../src/protocol/webview/threadView.js';
import type { TranscriptEntry } from '../../../src/protocol/webview/transcriptView.js';
import { conversationRows, type ConversationRow } from '../../../webview/threadPage/conversationRows.js';
import { Transcript } from '../../../webview/threadPage/transcript.js';

const message = (id: string, body: string, rest: Partial<MessageView> = {}): MessageView => ({
  id,
  from: 'you',
  to: 'dev',
  intent: 'dispatch',
  body,
  createdAt: 1,
  runId: '',
  ...rest,
});
const run = (id: string, messageId: string, rest: Partial<RunView> = {}): RunView => ({
  id,
  messageId,
  agent: 'dev',
  provider: 'claude',
  model: '',
  status: 'succeeded',
  queuedAt: 1,
  ...rest,
});
const says = (text: string): readonly TranscriptEntry[] => [{ kind: 'text', text }];

function rowsOf(
  messages: readonly MessageView[],
  runs: readonly RunView[],
  said: Readonly<Record<string, readonly TranscriptEntry[]>>,
): readonly ConversationRow[] {
  const transcripts = new Map(Object.entries(said).map(([id, entries]) => [id, Transcript.of(entries)]));
  const rows = conversationRows({ messages, runs, transcripts });
  return rows.slice(0, rows.length);
}

function shortly(
  messages: readonly MessageView[],
  runs: readonly RunView[],
  transcripts: Readonly<Record<string, readonly TranscriptEntry[]>> = {},
): readonly string[] {
  return rowsOf(messages, runs, transcripts).map(row => {
    switch (row.kind) {
      case 'message':
        return `${row.author}: ${row.body}`;
      case 'text':
        return `${row.author || '"'}> ${row.text}`;
      case 'runStart':
        return `run ${row.number} ${row.run.agent}`;
      case 'runEnd':
        return `end ${row.run.status}${row.error === '' ? '' : ` ${row.error}`}`;
      case 'activity':
        return `activity ${row.run.status}`;
      case 'entry':
        return row.row.kind;
    }
  });
}

describe('rows of a conversation', () => {
  test('each message is followed by what its run said; the answer is not said twice', () => {
    const messages = [
      message('m1', 'Do it.', { runId: 'r1' }),
      message('m2', 'Did it.', { from: 'dev', to: 'you', intent: 'response', runId: 'r1' }),
    ];
    expect(shortly(messages, [run('r1', 'm1')], { r1: says('Did it.') })).toEqual([
      'you: Do it.',
      'dev> Did it.',
      'end succeeded',
    ]);
  });

  test('an answer that was kept only in part is not shown beside the whole of it', () => {
    const messages = [
      message('m1', 'Do it.', { runId: 'r1' }),
      message('m2', '[…]\nline 2', { from: 'dev', to: 'you', intent: 'response', runId: 'r1' }),
    ];
    const lines: TranscriptEntry = { kind: 'text', text: 'line 1\nline 2\n', delta: true, plain: true };
    const live = shortly([messages[0]!], [run('r1', 'm1', { status: 'running' })], { r1: [lines] });
    const ended = shortly(messages, [run('r1', 'm1')], { r1: [lines] });
    expect(live.slice(0, 2)).toEqual(ended.slice(0, 2));
    expect(ended).toEqual(['you: Do it.', 'dev> line 1\nline 2\n', 'end succeeded']);
  });

  test('an answer that the transcript lacks is shown before the end of its run', () => {
    const messages = [
      message('m1', 'Do it.'),
      message('m2', 'Did it.', { from: 'dev', intent: 'response', runId: 'r1' }),
    ];
    expect(shortly(messages, [run('r1', 'm1')])).toEqual(['you: Do it.', 'dev: Did it.', 'end succeeded']);
  });

  test('a retry stands under the same message, and several runs have headings', () => {
    const runs = [
      run('r1', 'm1', { status: 'lost', error: 'It disappeared.' }),
      run('r2', 'm1', { status: 'running' }),
    ];
    expect(shortly([message('m1', 'Do it.')], runs, { r2: says('Again.') })).toEqual([
      'you: Do it.',
      'run 1 dev',
      'end lost It disappeared.',
      'run 2 dev',
      'dev> Again.',
      'activity running',
    ]);
  });

  test('an error that the transcript or a message tells already is not told again', () => {
    const messages = [
      message('m1', 'Do it.'),
      message('m2', 'Rate limited.', { from: 'dev', intent: 'error', runId: 'r1' }),
    ];
    const runs = [run('r1', 'm1', { status: 'failed', error: 'Rate limited.' })];
    const error: TranscriptEntry = { kind: 'error', message: 'Rate limited.', reason: 'rate_limited' };
    expect(shortly(messages, runs, { r1: [error] })).toEqual(['you: Do it.', 'error', 'end failed']);
    expect(shortly(messages, runs)).toEqual(['you: Do it.', 'end failed Rate limited.']);
  });

  test('a run whose message is not there, and a message without a run, are shown all the same', () => {
    expect(shortly([message('m1', 'Noted.')], [run('r9', 'gone')], { r9: says('Hello.') })).toEqual([
      'you: Noted.',
      'dev> Hello.',
      'end succeeded',
    ]);
  });

  test('the author is named once a run', () => {
    const entries: readonly TranscriptEntry[] = [
      { kind: 'text', text: 'One.' },
      { kind: 'text', text: 'Two.' },
    ];
    expect(shortly([], [run('r1', 'm1')], { r1: entries })).toEqual(['dev> One.', '"> Two.', 'end succeeded']);
  });

  test('keys are unique and survive the growth of a transcript', () => {
    const keys = (entries: readonly TranscriptEntry[]): readonly string[] =>
      rowsOf([message('m1', 'Do it.')], [run('r1', 'm1', { status: 'running' })], { r1: entries }).map(
        ({ key }) => key,
      );
    const before = keys(says('One.'));
    const after = keys([...says('One.'), ...says('Two.')]);
    expect(new Set(after).size).toBe(after.length);
    expect(after).toEqual(expect.arrayContaining([...before]));
  });
});
