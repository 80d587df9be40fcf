import { describe, expect, test } from 'vitest';
import { queueMoves, type Waiting } from '../../../src/extension/views/queueMoves.js';

const lane = (names: string, of = 'main'): Waiting[] => names.split('').map(id => ({ id, lane: of }));

/** What the host makes of the moves. */
function after(queue: readonly Waiting[], dragged: string, target: string): string {
  let ids = queue.map(({ id }) => id);
  for (const { mergeId, before } of queueMoves(queue, dragged, target)) {
    ids = ids.filter(id => id !== mergeId);
    ids.splice(ids.indexOf(before), 0, mergeId);
  }
  return ids.join('');
}

describe('a merge that is dropped on another one', () => {
  test('takes its place, from behind and from before', () => {
    expect(after(lane('abcd'), 'd', 'b')).toBe('adbc');
    expect(after(lane('abcd'), 'a', 'c')).toBe('bcad');
    expect(after(lane('abcd'), 'a', 'd')).toBe('bcda');
    expect(after(lane('abcd'), 'b', 'c')).toBe('acbd');
  });

  test('has no turn among those of another target, and none on itself', () => {
    const queue = [...lane('ab'), ...lane('xy', 'release')];
    expect(queueMoves(queue, 'a', 'x')).toEqual([]);
    expect(queueMoves(queue, 'a', 'a')).toEqual([]);
    expect(queueMoves(queue, 'gone', 'a')).toEqual([]);
  });

  test('passes by those of other targets in between', () => {
    const queue = [...lane('a'), ...lane('x', 'release'), ...lane('b')];
    expect(queueMoves(queue, 'a', 'b')).toEqual([{ mergeId: 'b', before: 'a' }]);
  });
});
