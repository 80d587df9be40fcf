import { describe, expect, test } from 'vitest';
import { maxLineLength } from '../../../../src/core/runs/runOutput.js';
import { LineSplitter } from '../../../../src/drivers/process/lineSplitter.js';
import { noSecrets } from '../../../support/secretMasks.ts';

function split(bytes: Buffer, sizes: readonly number[], from = 0) {
  const splitter = new LineSplitter(from, noSecrets);
  const lines = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    lines.push(...splitter.push(bytes.subarray(at, at + size)));
    at += size;
  }
  const last = splitter.flush();
  return last ? [...lines, last] : lines;
}

describe('splitting output into lines', () => {
  const bytes = Buffer.concat([
    Buffer.from('one\n\ntwö €\n'),
    Buffer.from([0xff, 0x0a, 0xe2, 0x82]),
    Buffer.from('\r\nlast'),
  ]);
  const whole = split(bytes, [bytes.length]);

  test('gives each line with the offset behind its newline', () => {
    expect(whole).toEqual([
      { text: 'one', truncated: false, end: 4 },
      { text: '', truncated: false, end: 5 },
      { text: 'twö €', truncated: false, end: 14 },
      { text: '\ufffd', truncated: false, end: 16 },
      { text: '\ufffd\r', truncated: false, end: 20 },
      { text: 'last', truncated: false, end: 24 },
    ]);
  });

  test.each([[[1]], [[2]], [[3, 1]], [[5, 2, 7]], [[23]]])('does not depend on how the bytes arrive: %j', sizes => {
    expect(split(bytes, sizes)).toEqual(whole);
  });

  test('counts offsets from where it began', () => {
    expect(split(Buffer.from('a\nb'), [2], 100)).toEqual([
      { text: 'a', truncated: false, end: 102 },
      { text: 'b', truncated: false, end: 103 },
    ]);
  });

  test('an end without anything after the last newline is no line', () => {
    expect(split(Buffer.from('a\n'), [2])).toHaveLength(1);
  });

  test.each([
    { length: maxLineLength, truncated: false },
    { length: maxLineLength + 1, truncated: true },
    { length: 3 * maxLineLength, truncated: true },
  ])('a line of $length bytes', ({ length, truncated }) => {
    const long = Buffer.concat([Buffer.alloc(length, 'x'), Buffer.from('\nnext\n')]);
    for (const sizes of [[65_536], [long.length]]) {
      const [first, second] = split(long, sizes);
      expect({ length: first?.text.length, truncated: first?.truncated, end: first?.end }).toEqual({
        length: Math.min(length, maxLineLength),
        truncated,
        end: length + 1,
      });
      expect(second).toMatchObject({ text: 'next', truncated: false });
    }
  });

  test('is not cut in the middle of a character', () => {
    const long = Buffer.concat([Buffer.alloc(maxLineLength - 1, 'x'), Buffer.from('€uro\n')]);
    const [line] = split(long, [65_536]);
    expect(line?.truncated).toBe(true);
    expect(line?.text.endsWith('x')).toBe(true);
    expect(line?.text).toHaveLength(maxLineLength - 1);
  });
});
