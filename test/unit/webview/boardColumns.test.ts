import { describe, expect, test } from 'vitest';
import type { ThreadStatus } from '../../../src/protocol/threadDisplay.js';
import type { ThreadView } from '../../../src/protocol/webview/threadView.js';
import { boardColumns, moveCard, shownAtFirst } from '../../../webview/board/boardColumns.js';
import { threadView } from '../../webview/support/threadFixtures.js';

const thread = (id: string, status: ThreadStatus, rest: Partial<ThreadView> = {}): ThreadView =>
  threadView({ id, status, createdAt: 0, updatedAt: 0, ...rest });
const queued = (id: string, queuePosition: number): ThreadView =>
  thread(id, 'queued', { latestRun: { status: 'queued', agent: 'dev', activity: '', queuedAt: 0, queuePosition } });

const ids = (threads: readonly ThreadView[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(boardColumns(threads).map(column => [column.group, column.threads.map(each => each.id)]));

describe('columns of the board', () => {
  test('every state has its column, in the one order', () => {
    const all: readonly ThreadStatus[] = [
      'abandoned',
      'closed',
      'failed',
      'merged',
      'merging',
      'needs_you',
      'queued',
      'ready',
      'working',
    ];
    expect(
      boardColumns(all.map(status => thread(status, status))).map(column => [column.group, column.threads.length]),
    ).toEqual([
      ['needs_you', 2],
      ['working', 2],
      ['ready', 1],
      ['merging', 1],
      ['done', 3],
    ]);
  });

  test('a card that waits for review keeps its place while a person looks at it', () => {
    const run = { status: 'succeeded', agent: 'dev', activity: '', queuedAt: 0 };
    const looked = thread('a', 'ready', { latestRun: { ...run, endedAt: 1 }, updatedAt: 9 });
    const later = thread('b', 'ready', { latestRun: { ...run, endedAt: 2 }, updatedAt: 2 });
    expect(ids([looked, later])['ready']).toEqual(['b', 'a']);
  });

  test('columns have the order of the tree: the latest change first', () => {
    const of = ids([
      thread('a', 'needs_you', { updatedAt: 2 }),
      thread('b', 'needs_you', { updatedAt: 1 }),
      thread('c', 'merged', { updatedAt: 1 }),
      thread('d', 'merged', { updatedAt: 2 }),
    ]);
    expect(of).toMatchObject({ needs_you: ['a', 'b'], done: ['d', 'c'] });
  });

  test('working cards do not jump when something happens; the queue follows in its order', () => {
    const threads = [
      queued('q2', 2),
      queued('q1', 1),
      thread('w2', 'working', { createdAt: 2, updatedAt: 9 }),
      thread('w1', 'working', { createdAt: 1 }),
    ];
    expect(ids(threads)['working']).toEqual(['w1', 'w2', 'q1', 'q2']);
  });

  test('of Done the last seven days are shown, at most 50 cards', () => {
    const day = 24 * 60 * 60 * 1000;
    const now = 100 * day;
    const done = (count: number, updatedAt: number): readonly ThreadView[] =>
      Array.from({ length: count }, (_, i) => thread(`${updatedAt}-${i}`, 'merged', { updatedAt }));
    const shown = (threads: readonly ThreadView[]): number => {
      const column = boardColumns(threads).at(-1);
      return column ? shownAtFirst(column, now) : -1;
    };
    expect(shown([...done(3, now - day), ...done(4, now - 8 * day)])).toBe(3);
    expect(shown(done(70, now - day))).toBe(50);
    expect(shownAtFirst({ group: 'working', threads: done(70, now) }, now)).toBe(70);
  });
});

describe('arrow keys', () => {
  const lengths = [2, 0, 3, 1];
  test.each([
    ['ArrowDown', { column: 0, row: 0 }, { column: 0, row: 1 }],
    ['ArrowDown', { column: 0, row: 1 }, undefined],
    ['ArrowUp', { column: 2, row: 2 }, { column: 2, row: 1 }],
    ['ArrowRight', { column: 0, row: 1 }, { column: 2, row: 1 }],
    ['ArrowRight', { column: 2, row: 2 }, { column: 3, row: 0 }],
    ['ArrowLeft', { column: 2, row: 2 }, { column: 0, row: 1 }],
    ['ArrowLeft', { column: 0, row: 0 }, undefined],
    ['End', { column: 2, row: 0 }, { column: 2, row: 2 }],
    ['Home', { column: 2, row: 2 }, { column: 2, row: 0 }],
    ['x', { column: 2, row: 2 }, undefined],
  ])('%s from %o', (key, from, to) => {
    expect(moveCard(from, key, lengths)).toEqual(to);
  });
});
