import { describe, expect, test } from 'vitest';
import type { ToolCallEntry, ToolResultEntry } from '../../../src/protocol/webview/transcriptView.js';
import { editLines, readableInput, toolSummary } from '../../../webview/threadPage/toolPreview.js';

const call = (category: ToolCallEntry['category'], input: unknown): ToolCallEntry => ({
  kind: 'tool_call',
  callId: 'c',
  tool: 'Tool',
  category,
  title: '',
  input: typeof input === 'string' ? input : JSON.stringify(input),
  path: '',
});
const result = (rest: Partial<ToolResultEntry> = {}): ToolResultEntry => ({
  kind: 'tool_result',
  callId: 'c',
  ok: true,
  output: '',
  cut: false,
  ...rest,
});
const lines = (input: unknown): readonly string[] | undefined =>
  editLines(call('edit', input))?.map(line => `${line.kind === 'added' ? '+' : '-'}${line.text}`);

describe('the lines of an edit', () => {
  test('only what differs is shown', () => {
    expect(lines({ old_string: 'a\nb\nc\n', new_string: 'a\nB\nc\n' })).toEqual(['-b', '+B']);
  });
  test('a new file is all additions, an emptied one all removals', () => {
    expect(lines({ content: 'one\ntwo\n' })).toEqual(['+one', '+two']);
    expect(lines({ old_string: 'one', new_string: '' })).toEqual(['-one']);
  });
  test('several edits and a patch', () => {
    expect(
      lines({
        edits: [
          { oldString: 'a', newString: 'b' },
          { oldString: 'c', newString: 'd' },
        ],
      }),
    ).toEqual(['-a', '+b', '-c', '+d']);
    expect(lines({ patch: '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same' })).toEqual(['-old', '+new']);
  });
  test('unknown for what does not tell, and for input that was cut', () => {
    expect(lines({ file: 'x' })).toBeUndefined();
    expect(lines('{"old_string": "a')).toBeUndefined();
    expect(editLines(call('read', { content: 'x' }))).toBeUndefined();
  });
});

describe('what a tool call came to', () => {
  const active = { runActive: true };
  test.each([
    ['running while its run is', call('command', ''), undefined, { kind: 'running' }],
    ['the exit code of a command', call('command', ''), result({ ok: false, exitCode: 2 }), { kind: 'exit', code: 2 }],
    ['failed', call('read', ''), result({ ok: false, output: 'no such file' }), { kind: 'failed' }],
    ['results of a search', call('search', ''), result({ output: 'a\nb\n' }), { kind: 'results', count: 2 }],
    ['lines of a file', call('read', ''), result({ output: 'a' }), { kind: 'lines', count: 1 }],
    ['nothing when the output was cut', call('read', ''), result({ output: 'a', cut: true }), { kind: 'none' }],
    ['changes of an edit', call('edit', { content: 'a\nb' }), result(), { kind: 'changes', added: 2, removed: 0 }],
  ] as const)('%s', (_, of, came, expected) => {
    expect(toolSummary(of, came, active)).toEqual(expected);
  });
  test('a call that never got a result is not running when its run has ended', () => {
    expect(toolSummary(call('command', ''), undefined, { runActive: false })).toEqual({ kind: 'none' });
  });
});

test('input is shown for reading', () => {
  expect(readableInput(call('command', { command: 'npm test', timeout: 5 }))).toBe('npm test');
  expect(readableInput(call('command', { cmd: ['git', 'status'] }))).toBe('git status');
  expect(readableInput(call('search', { pattern: 'x', glob: ['*.ts'] }))).toBe('pattern: x\nglob: ["*.ts"]');
  expect(readableInput(call('other', 'plain words'))).toBe('plain words');
});
