import { describe, expect, test } from 'vitest';
import { anchorAt, locateAnchor, placeOfGone } from '../../../src/base/textAnchor.ts';

const before = ['import a', '', 'function one() {', '  return 1;', '}', '', 'function two() {', '  return 2;', '}'];

/** Where a comment on lines of `before` stands in another text. */
function follow(range: { readonly start: number; readonly end: number }, after: readonly string[]) {
  return locateAnchor(anchorAt(before, range), after);
}

describe('lines that somebody spoke about', () => {
  test('are followed when lines come and go above them', () => {
    expect(follow({ start: 4, end: 4 }, ['// new', '// two', ...before])).toEqual({ start: 6, end: 6 });
    expect(follow({ start: 8, end: 8 }, before.slice(2))).toEqual({ start: 6, end: 6 });
  });

  test('are followed into another block, whatever the indentation there', () => {
    const moved = ['class A {', '  one() {', '    return 1;', '  }', '}'];
    expect(follow({ start: 4, end: 4 }, moved)).toEqual({ start: 3, end: 3 });
  });

  test('of several places that are alike those with the same surroundings win, else the nearest', () => {
    expect(follow({ start: 9, end: 9 }, before)).toEqual({ start: 9, end: 9 });
    expect(follow({ start: 5, end: 5 }, ['x', ...before])).toEqual({ start: 6, end: 6 });
  });

  test('are gone when they were changed', () => {
    expect(follow({ start: 4, end: 4 }, before.with(3, '  return 3;'))).toBeUndefined();
    expect(follow({ start: 3, end: 5 }, before.with(3, '  return 3;'))).toBeUndefined();
    expect(follow({ start: 4, end: 4 }, [])).toBeUndefined();
  });

  test('a lone bracket in other surroundings is not the same', () => {
    expect(follow({ start: 5, end: 5 }, ['{', '}', 'else'])).toBeUndefined();
  });

  test('keep their number, however many are kept of them', () => {
    const long = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    expect(locateAnchor(anchorAt(long, { start: 11, end: 150 }), ['first', ...long])).toEqual({ start: 12, end: 151 });
  });

  test('outside of the text are moved into it', () => {
    expect(anchorAt(['a', 'b'], { start: 7, end: 9 })).toMatchObject({ start: 2, end: 2, lines: ['b'] });
    expect(anchorAt([], { start: 1, end: 1 })).toMatchObject({ start: 1, end: 1, lines: [] });
  });
});

describe('lines that were rewritten', () => {
  const place = (range: { readonly start: number; readonly end: number }, after: readonly string[]) =>
    placeOfGone(anchorAt(before, range), after);

  test('leave their place to what stands between their surroundings', () => {
    expect(place({ start: 4, end: 4 }, before.with(3, '  return 3;'))).toEqual({ start: 4, end: 4 });
    expect(place({ start: 4, end: 4 }, ['x', 'y', ...before.with(3, '  return 3;')])).toEqual({ start: 6, end: 6 });
    expect(place({ start: 3, end: 5 }, before.toSpliced(2, 3, 'const one = 1;'))).toEqual({ start: 3, end: 3 });
    expect(place({ start: 4, end: 4 }, before.toSpliced(3, 1, '  let x;', '  x = 1;'))).toEqual({ start: 4, end: 5 });
  });

  test('leave the line that follows when they were removed', () => {
    expect(place({ start: 4, end: 4 }, before.toSpliced(3, 1))).toEqual({ start: 4, end: 4 });
    expect(place({ start: 9, end: 9 }, before.slice(0, -1))).toEqual({ start: 8, end: 8 });
  });

  test('are found by what is left of their surroundings, and have no place without any', () => {
    expect(place({ start: 4, end: 4 }, ['x', 'y', 'function one() {', '  changed();', '  also();'])?.start).toBe(4);
    expect(place({ start: 4, end: 4 }, ['nothing', 'of', 'it'])).toBeUndefined();
    expect(place({ start: 4, end: 4 }, [])).toBeUndefined();
  });
});
