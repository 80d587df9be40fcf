import { describe, expect, test } from 'vitest';
import { outputsOf } from '../../../../src/core/notebooks/cellOutputs.js';

const stream = (text: string, name = 'stdout') => ({ type: 'stream', content: { name, text } });
const display = (data: unknown, id?: string) => ({
  type: 'display_data',
  content: { data, transient: id === undefined ? {} : { display_id: id } },
});

describe('what a cell has shown', () => {
  test('is its streams put together, results and pictures in their order', () => {
    expect(
      outputsOf([
        stream('a'),
        stream('b\n'),
        stream('warning\n', 'stderr'),
        display({ 'text/plain': '<Figure>', 'image/png': 'aGVsbG8=', 'text/html': '<b>' }),
        { type: 'execute_result', content: { data: { 'text/plain': '42' } } },
      ]),
    ).toEqual([
      { kind: 'text', text: 'ab\n' },
      { kind: 'text', text: 'warning\n' },
      { kind: 'text', text: '<Figure>' },
      { kind: 'data', type: 'image/png', data: 'aGVsbG8=' },
      { kind: 'text', text: '42' },
    ]);
  });

  test('has progress bars as they ended, and nothing that was cleared or shown anew', () => {
    const bar = Array.from({ length: 100 }, (_, n) => `\r${n} %`).join('');
    expect(outputsOf([stream(`${bar}\ndone\n`)])).toEqual([{ kind: 'text', text: '99 %\ndone\n' }]);
    expect(outputsOf([stream('old'), { type: 'clear_output', content: { wait: true } }])).toHaveLength(1);
    expect(outputsOf([stream('old'), { type: 'clear_output', content: { wait: true } }, stream('new')])).toEqual([
      { kind: 'text', text: 'new' },
    ]);
    expect(outputsOf([stream('old'), { type: 'clear_output', content: { wait: false } }])).toEqual([]);
    const update = {
      type: 'update_display_data',
      content: { data: { 'text/plain': 'two' }, transient: { display_id: 'd' } },
    };
    expect(outputsOf([display({ 'text/plain': 'one' }, 'd'), display({ 'text/plain': 'x' }), update])).toEqual([
      { kind: 'text', text: 'two' },
      { kind: 'text', text: 'x' },
    ]);
  });

  test('has exceptions with their traceback, without the colours', () => {
    const traceback = ['\u001b[0;31mZeroDivisionError\u001b[0m', '  1 / 0'];
    expect(outputsOf([{ type: 'error', content: { ename: 'Z', evalue: 'v', traceback } }])).toEqual([
      { kind: 'text', text: 'ZeroDivisionError\n  1 / 0' },
    ]);
    expect(outputsOf([{ type: 'error', content: { ename: 'Z', evalue: 'v' } }])).toEqual([
      { kind: 'text', text: 'Z: v' },
    ]);
  });

  test('is bounded, whatever the kernel says', () => {
    const [text] = outputsOf([stream('x'.repeat(500_000))]);
    expect(text?.kind === 'text' && text.text.length).toBeLessThan(70_000);
    const pictures = outputsOf(Array.from({ length: 30 }, () => display({ 'image/png': 'A'.repeat(1024 * 1024) })));
    expect(pictures.filter(({ kind }) => kind === 'data')).toHaveLength(8);
    expect(pictures.at(-1)).toMatchObject({ kind: 'text', text: expect.stringContaining('left out') as string });
    expect(outputsOf([null, 7, { type: 'stream' }, { type: 'display_data', content: null }])).toEqual([]);
  });
});
