import { threadGroupOf, threadGroups, threadSince, type ThreadGroup } from '../../src/protocol/threadDisplay.js';
import type { ThreadView } from '../../src/protocol/webview/threadView.js';

/** One column of the board with its cards in order. */
export interface BoardColumn {
  readonly group: ThreadGroup;
  readonly threads: readonly ThreadView[];
}

/** How long a finished thread stays among those shown at first. */
const doneForMs = 7 * 24 * 60 * 60 * 1000;

/**
 * Sorts threads into the columns, in the order of the Threads tree: what works in the order of its turn, elsewhere the latest
 * change first.
 */
export function boardColumns(threads: Iterable<ThreadView>): readonly BoardColumn[] {
  const groups = Map.groupBy(threads, thread => threadGroupOf(thread.status));
  return threadGroups.map(group => ({ group, threads: (groups.get(group) ?? []).toSorted(orders[group]) }));
}

/** {@link threadSince} of a card. */
export function sinceOf({ status, updatedAt, latestRun }: ThreadView): number {
  return threadSince(status, updatedAt, latestRun?.endedAt);
}

type Order = (a: ThreadView, b: ThreadView) => number;
const newestFirst: Order = (a, b) => sinceOf(b) - sinceOf(a) || compareIds(a, b);
/** By when it began, so that cards do not jump while agents work. */
const workFirst: Order = (a, b) => queueRank(a) - queueRank(b) || a.createdAt - b.createdAt || compareIds(a, b);

const orders: Readonly<Record<ThreadGroup, Order>> = {
  needs_you: newestFirst,
  working: workFirst,
  ready: newestFirst,
  merging: newestFirst,
  done: newestFirst,
};

function queueRank(thread: ThreadView): number {
  return thread.status === 'queued' ? (thread.latestRun?.queuePosition ?? Number.MAX_SAFE_INTEGER) : 0;
}

function compareIds(a: ThreadView, b: ThreadView): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** How many of a column's cards are shown before *Show more*: of Done, those of the last 7 days and at most 50. */
export function shownAtFirst({ group, threads }: BoardColumn, now: number): number {
  if (group !== 'done') return threads.length;
  const recent = threads.findIndex(thread => now - thread.updatedAt > doneForMs);
  return Math.min(50, recent < 0 ? threads.length : recent);
}

/** A card's place: column and row. */
export interface CardPlace {
  readonly column: number;
  readonly row: number;
}

/**
 * Where an arrow key leads from a card; undefined when nowhere. Left and right skip empty columns and keep the row as
 * far as the next column reaches. `lengths` are the numbers of cards shown per column.
 */
export function moveCard(place: CardPlace, key: string, lengths: readonly number[]): CardPlace | undefined {
  const { column, row } = place;
  const last = (lengths[column] ?? 0) - 1;
  const inColumn = (to: number): CardPlace | undefined =>
    to !== row && to >= 0 && to <= last ? { column, row: to } : undefined;
  switch (key) {
    case 'ArrowUp':
      return inColumn(row - 1);
    case 'ArrowDown':
      return inColumn(row + 1);
    case 'Home':
      return inColumn(0);
    case 'End':
      return inColumn(last);
    case 'ArrowLeft':
      return besides(place, -1, lengths);
    case 'ArrowRight':
      return besides(place, 1, lengths);
    default:
      return undefined;
  }
}

function besides({ column, row }: CardPlace, step: -1 | 1, lengths: readonly number[]): CardPlace | undefined {
  for (let next = column + step; next >= 0 && next < lengths.length; next += step) {
    const cards = lengths[next] ?? 0;
    if (cards > 0) return { column: next, row: Math.min(row, cards - 1) };
  }
  return undefined;
}
