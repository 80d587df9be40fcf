import { describe, expect, test } from 'vitest';
import {
  binary,
  binaryPath,
  fileAt,
  pathBytes,
  pathList,
  pathText,
} from '../../../../src/drivers/git/command/gitPath.js';

const bytes = (...values: readonly (number | string)[]): Uint8Array =>
  Buffer.concat(values.map(value => (typeof value === 'number' ? Buffer.of(value) : Buffer.from(value))));

describe('a path of git as text', () => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['plain', bytes('src/a.txt'), 'src/a.txt'],
    ['with other letters', bytes('naïve/日本.txt'), 'naïve/日本.txt'],
    ['with quotes, a tab and a newline', bytes('a "b"\t\n.txt'), 'a "b"\t\n.txt'],
    ['that is not UTF-8', bytes('caf', 0xe9, '.txt'), '"caf\\351.txt"'],
    ['that is not UTF-8 and has quotes and a newline', bytes('"', 0xff, '\\\n'), '"\\"\\377\\\\\\012"'],
    ['that looks like a quoted one', bytes('"caf\\351.txt"'), '"\\"caf\\\\351.txt\\""'],
    ['in quotes only', bytes('"plain"'), '"plain"'],
  ];
  test.for(cases)('%s', ([, path, text]) => {
    expect(pathText(path)).toBe(text);
    expect(Buffer.from(pathBytes(text))).toEqual(Buffer.from(path));
    expect(binaryPath(binary(path))).toBe(text);
  });

  test('each of many odd names comes back as it was', () => {
    const alphabet = [0x22, 0x5c, 0x33, 0x37, 0x61, 0xe9, 0xff, 0x0a];
    for (let number = 0; number < alphabet.length ** 4; number++) {
      const name = [0, 1, 2, 3].map(
        place => alphabet[Math.floor(number / alphabet.length ** place) % alphabet.length] ?? 0,
      );
      const path = bytes('"', ...name, '"');
      expect([...pathBytes(pathText(path))]).toEqual([...path]);
    }
  });
});

test('a list of paths is bytes, each ended by NUL', () => {
  expect(Buffer.from(pathList(['a', '"\\351"'], ':(top)'))).toEqual(
    Buffer.from(bytes(':(top)a', 0, ':(top)', 0xe9, 0)),
  );
});

test('a file of a folder keeps its bytes', () => {
  expect(fileAt('/w', 'a/b')).toBe('/w/a/b');
  expect(fileAt('/w', '"\\351"')).toEqual(Buffer.from(bytes('/w/', 0xe9)));
});
