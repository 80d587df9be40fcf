import { describe, expect, test } from 'vitest';
import { absolutePath, given, oneOf } from '../../../src/host/api/requestFields.js';
import { safeNumber } from '../../../src/host/api/wire.js';

describe('fields of requests', () => {
  test('an empty text was not given', () => {
    expect([given(''), given(' ')]).toEqual([undefined, ' ']);
    expect(oneOf(['a', 'b'], '', 'letter')).toBeUndefined();
  });

  test('a word outside of its list is refused with the list, and not repeated at length', () => {
    const refused = expect.objectContaining({
      code: 'request.invalid',
      data: expect.objectContaining({ field: 'letter' }),
    });
    expect(() => oneOf(['a', 'b'], 'c', 'letter')).toThrow(refused);
    try {
      oneOf(['a', 'b'], 'x'.repeat(10_000), 'letter');
    } catch (error) {
      expect(String(error).length).toBeLessThan(200);
    }
  });

  test.each(['/home/a b', 'C:\\work', 'c:/work', '\\\\server\\share'])('%s is an absolute path', path => {
    expect(absolutePath(path, 'folder')).toBe(path);
  });

  test.each(['', 'work', './work', '~/work', '/a\0b', 'C:work'])('%j is none', path => {
    expect(() => absolutePath(path, 'folder')).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });

  test('a count is a whole number that JavaScript can hold', () => {
    expect(safeNumber(12n, 'from')).toBe(12);
    for (const value of [-1n, 2n ** 53n, 2n ** 63n]) expect(() => safeNumber(value, 'from')).toThrow(/from/);
  });
});
