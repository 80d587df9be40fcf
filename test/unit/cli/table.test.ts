import { describe, expect, test } from 'vitest';
import { printable } from '../../../src/cli/output/terminalText.js';
import { displayWidth, formatTable, truncate } from '../../../src/cli/output/table.js';
import { shortestPrefixes } from '../../../src/cli/output/threadList.js';

describe('formatTable', () => {
  test('aligns by what a terminal shows, not by characters', () => {
    const rows = [
      [{ text: '日本' }, { text: '7', align: 'right' as const }],
      [{ text: 'abc' }, { text: '12', align: 'right' as const }],
    ];
    expect(formatTable(rows)).toEqual(['日本   7', 'abc   12']);
  });

  test('cuts the elastic column on a narrow terminal, and nothing without one', () => {
    const rows = [[{ text: 'id' }, { text: 'a very long summary of the task' }, { text: 'dev' }]];
    expect(formatTable(rows, { width: 30, elastic: 1 })[0]).toBe('id  a very long summary…   dev');
    expect(formatTable(rows, { elastic: 1 })[0]).toBe('id  a very long summary of the task  dev');
  });

  test('colours do not count as width', () => {
    const paint = (text: string): string => `\u001b[1m${text}\u001b[22m`;
    expect(
      formatTable([
        [{ text: 'a', paint }, { text: 'b' }],
        [{ text: 'abc' }, { text: 'b' }],
      ])[0],
    ).toBe('\u001b[1ma\u001b[22m    b');
  });
});

test('cuts at whole characters', () => {
  expect(truncate('👩‍👩‍👧 family', 5)).toBe('👩‍👩‍👧 f…');
  expect(displayWidth('👩‍👩‍👧')).toBe(2);
});

test('nothing that an agent says controls the terminal', () => {
  const hostile = 'a\u001b]0;owned\u0007\u009b31m\u202eevil\u2028\r\nb\tc';
  // oxlint-disable-next-line no-control-regex -- this is what must not be there
  expect(printable(hostile)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
  expect(printable('ein\r\nzwei\tdrei ü 漢')).toBe('ein\nzwei\tdrei ü 漢');
});

test('ids are as short as they can be and still tell threads apart', () => {
  expect([...shortestPrefixes(['abcdef000000', 'abcdeg000000', '1111aaaaaaaa']).values()]).toEqual([
    'abcdef',
    'abcdeg',
    '1111aa',
  ]);
  expect([...shortestPrefixes(['abcdefghjkmn']).values()]).toEqual(['abcd']);
});
