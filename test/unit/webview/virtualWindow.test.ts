import { describe, expect, test } from 'vitest';
import { VirtualWindow, type WindowRows } from '../../../webview/shared/virtualWindow.js';

const keys = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `row${i}`);
const rows = (of: readonly string[]): WindowRows => ({
  length: of.length,
  at: index => {
    const key = of[index];
    return key === undefined ? undefined : { key, estimate: 20 };
  },
});

function windowOf(count: number): VirtualWindow {
  const window = new VirtualWindow();
  window.setRows(rows(keys(count)), 0);
  return window;
}

describe('a window on a long list', () => {
  test('rows stand at their estimates until they are measured', () => {
    const window = windowOf(100);
    expect(window.total).toBe(2_000);
    expect(window.measure({ key: 'row10', index: 10, height: 50 })).toBe(true);
    expect(window.measure({ key: 'row10', index: 10, height: 50 })).toBe(false);
    expect([window.offsetOf(10), window.offsetOf(11), window.total]).toEqual([200, 250, 2_030]);
  });

  test('the row at a distance, also outside of the list and without rows', () => {
    const window = windowOf(10);
    expect([
      window.indexAt(-5),
      window.indexAt(0),
      window.indexAt(39),
      window.indexAt(40),
      window.indexAt(9_999),
    ]).toEqual([0, 0, 1, 2, 9]);
    expect(new VirtualWindow().indexAt(5)).toBe(-1);
    expect(new VirtualWindow().range(0, 100)).toEqual({ start: 0, end: 0 });
  });

  test('the rows that touch a stretch', () => {
    expect(windowOf(10).range(30, 70)).toEqual({ start: 1, end: 4 });
  });

  test('measured heights stay with their rows when rows come before or after them', () => {
    const window = windowOf(5);
    window.measure({ key: 'row2', index: 2, height: 100 });
    window.setRows(rows(['new', ...keys(8)]), 0);
    expect([window.offsetOf(3), window.offsetOf(4), window.total]).toEqual([60, 160, 260]);
    window.setRows(rows(keys(2)), 0);
    expect(window.total).toBe(40);
    window.setRows(rows(keys(5)), 2);
    expect(window.total).toBe(180);
  });

  test('a height that arrives when its row has moved is found where the row is next', () => {
    const window = windowOf(5);
    window.setRows(rows(['new', ...keys(5)]), 0);
    expect(window.measure({ key: 'row2', index: 2, height: 100 })).toBe(true);
    window.setRows(rows(['new', ...keys(5)]), 0);
    expect([window.offsetOf(3), window.offsetOf(4)]).toEqual([60, 160]);
  });

  test('it agrees with adding up, whatever the order of growth and measuring', () => {
    const window = new VirtualWindow();
    const heights = new Map<string, number>();
    let random = 7;
    const next = (below: number): number => (random = (random * 16_807) % 2_147_483_647) % below;
    let count = 0;
    for (let step = 0; step < 200; step++) {
      const before = count;
      count += next(20);
      window.setRows(rows(keys(count)), before);
      for (let i = 0; i < 5 && count > 0; i++) {
        const index = next(count);
        const key = `row${index}`;
        const height = 10 + next(90);
        heights.set(key, height);
        window.measure({ key, index, height });
      }
      const expected = keys(count).reduce((sum, key) => sum + (heights.get(key) ?? 20), 0);
      expect(window.total).toBe(expected);
    }
  });
});
