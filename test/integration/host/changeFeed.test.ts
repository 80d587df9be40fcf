import { describe, expect, onTestFinished, test } from 'vitest';
import type { ThreadId } from '../../../src/base/ids.js';
import type { SqliteStore } from '../../../src/drivers/sqlite/sqliteStore.js';
import { FeedReader, type FeedEntry } from '../../../src/host/feed/changeFeed.js';
import { countingIds } from '../../support/ids.js';
import { openTestStore } from '../../support/sqliteStore.ts';

const ids = countingIds();

function openStore(): SqliteStore {
  const opened = openTestStore();
  onTestFinished(() => opened.dispose());
  return opened.store;
}

function change(store: SqliteStore, ...threads: readonly ThreadId[]): void {
  store.transact(stores => {
    for (const threadId of threads) stores.events.append({ kind: 'thread_changed', threadId }, 1);
  });
}

/** A reader's entries, taken one by one. */
function read(store: SqliteStore, from: { readonly epoch: string; readonly since: number }, heartbeatMs = 60_000) {
  const stop = new AbortController();
  const reader = new FeedReader(store);
  const entries = reader.read(from, heartbeatMs, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await reader.dispose();
  });
  return {
    stop,
    reader,
    async next(): Promise<FeedEntry | undefined> {
      const { value, done } = await entries.next();
      return done ? undefined : value;
    },
  };
}

function threadsOf(entry: FeedEntry | undefined): readonly ThreadId[] {
  return entry?.kind === 'changes' ? [...entry.dirty.threads] : [];
}

describe('where a reader begins', () => {
  test.each([
    ['another epoch', 'other', 0],
    ['a sequence that is yet to come', 'epoch', 99],
  ])('%s gets a snapshot', async (_, epoch, since) => {
    const store = openStore();
    change(store, ids.next<'thread'>());
    expect(await read(store, { epoch, since }).next()).toEqual({ kind: 'snapshot', sequence: 1 });
  });

  test('a sequence that was dropped gets a snapshot', async () => {
    const store = openStore();
    for (let n = 0; n < 10; n++) change(store, ids.next<'thread'>());
    store.transact(stores => stores.events.prune(3, 100));
    expect((await read(store, { epoch: 'epoch', since: 2 }).next())?.kind).toBe('snapshot');
    expect((await read(store, { epoch: 'epoch', since: 8 }).next())?.kind).toBe('changes');
  });

  test('a known sequence gets what changed since, each thing once', async () => {
    const store = openStore();
    const [a, b] = [ids.next<'thread'>(), ids.next<'thread'>()];
    change(store, a);
    change(store, b, b, b);
    const entry = await read(store, { epoch: 'epoch', since: 1 }).next();
    expect(entry?.sequence).toBe(4);
    expect(threadsOf(entry)).toEqual([b]);
  });
});

describe('what happens while nobody looks', () => {
  test('is told at the next look, in one entry, and nothing twice', async () => {
    const store = openStore();
    const feed = read(store, { epoch: 'epoch', since: 0 });
    await feed.next();
    const threads = [ids.next<'thread'>(), ids.next<'thread'>()];
    for (let n = 0; n < 1_000; n++) change(store, ...threads);
    expect(threadsOf(await feed.next())).toEqual(threads);
    const quiet = feed.next();
    const late = ids.next<'thread'>();
    change(store, late);
    expect(threadsOf(await quiet)).toEqual([late]);
  });

  test('also between the first entry and the wait for the second', async () => {
    const store = openStore();
    const feed = read(store, { epoch: '', since: 0 });
    expect((await feed.next())?.kind).toBe('snapshot');
    const thread = ids.next<'thread'>();
    change(store, thread);
    expect(threadsOf(await feed.next())).toEqual([thread]);
  });
});

describe('silence', () => {
  test('is a heartbeat with the sequence so far', async () => {
    const store = openStore();
    const feed = read(store, { epoch: '', since: 0 }, 5);
    await feed.next();
    expect(await feed.next()).toEqual({ kind: 'heartbeat', sequence: 0 });
  });

  test('ends when the reader leaves, with nothing left subscribed', async () => {
    const store = openStore();
    const feed = read(store, { epoch: '', since: 0 });
    await feed.next();
    const waiting = feed.next();
    feed.stop.abort();
    expect(await waiting).toBeUndefined();
    await feed.reader.dispose();
    change(store, ids.next<'thread'>());
  });
});
