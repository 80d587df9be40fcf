import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { Run } from '../../../src/core/runs/run.js';
import { RunQueue } from '../../../src/core/runs/runQueue.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { countingIds } from '../../support/ids.js';
import { specOf } from '../../support/projectSpecs.js';
import { seedProject, seedThread } from '../../support/seed.js';
import { openTestStore } from '../../support/sqliteStore.js';

let opened: ReturnType<typeof openTestStore>;
let ids: ReturnType<typeof countingIds>;
let started: Run[];

beforeEach(() => {
  opened = openTestStore();
  ids = countingIds();
  started = [];
});
afterEach(() => opened.dispose());

function queueWith(limit: number, { chosen = false } = {}): RunQueue {
  return new RunQueue({
    store: opened.store,
    clock: createNodeClock(),
    log: silentLog,
    limit: { runs: limit, chosen },
    execute: run => started.push(run),
  });
}

function end(run: Run, { settled = true } = {}): void {
  opened.store.transact(stores => stores.runs.update({ ...run, status: 'succeeded', endedAt: 2, settled }));
}

describe('the run queue', () => {
  it('starts in the order of dispatch, up to the host’s limit, and goes on when one ends', () => {
    const project = seedProject(opened.store, ids, specOf('agents: {dev: {provider: claude}}'));
    const runs = [1, 2, 3].map(n => seedThread(opened.store, ids, project.id, { createdAt: n }).run.id);
    const queue = queueWith(2);
    queue.advance();
    expect(started.map(run => run.id)).toEqual(runs.slice(0, 2));
    queue.advance();
    expect(started).toHaveLength(2);
    const [first] = started;
    if (first) end(first);
    queue.advance();
    expect(started.map(run => run.id)).toEqual(runs);
  });

  it('starts what has a higher priority first, whenever it was queued, and tells places in that order', () => {
    const project = seedProject(opened.store, ids, specOf('agents: {dev: {provider: claude}}'));
    const seeded = [1, 2, 3, 4, 5].map(n => seedThread(opened.store, ids, project.id, { createdAt: n }));
    const [first, low, plain, high, highest] = seeded;
    opened.store.transact(({ priorities }) => {
      for (const [each, priority] of [
        [low, -1],
        [high, 1],
        [highest, 2],
      ] as const)
        if (each) priorities.put(each.run.id, priority);
    });
    const order = [highest, high, first, plain, low].map(each => each?.run.id);
    const places = opened.store.read(({ threads }) =>
      seeded.map(({ thread }) => threads.view(thread.id)?.queuePosition),
    );
    expect(places).toEqual(seeded.map(({ run }) => order.indexOf(run.id) + 1));
    const queue = queueWith(1);
    for (let n = 0; n < order.length; n++) {
      queue.advance();
      const last = started.at(-1);
      if (last) end(last);
    }
    expect(started.map(run => run.id)).toEqual(order);
    expect(opened.store.read(({ priorities }) => priorities.waiting())).toEqual([]);
  });

  it('goes beyond the machine’s limit for a project that asks for more, unless a person set the limit', () => {
    const spec = specOf('agents: {dev: {provider: claude}}\nlimits: {concurrency: 3}');
    const project = seedProject(opened.store, ids, spec);
    for (const createdAt of [1, 2, 3, 4]) seedThread(opened.store, ids, project.id, { createdAt });
    queueWith(1, { chosen: true }).advance();
    expect(started).toHaveLength(1);
    queueWith(1).advance();
    expect(started).toHaveLength(3);
  });

  it('reaches who waits behind hundreds for an agent that is busy, also where an agent of that name has room elsewhere', () => {
    const busy = specOf('agents: {dev: {provider: claude, concurrency: 1}, other: {provider: claude}}');
    const project = seedProject(opened.store, ids, busy);
    const many = Array.from(
      { length: 230 },
      (_, n) => seedThread(opened.store, ids, project.id, { createdAt: n }).run.id,
    );
    const other = seedThread(opened.store, ids, project.id, { createdAt: 500, agent: 'other' }).run.id;
    const queue = queueWith(10);
    queue.advance();
    expect(started.map(run => run.id)).toEqual([many[0], other]);
    const elsewhere = seedProject(
      opened.store,
      ids,
      specOf('agents: {dev: {provider: claude}}'),
      '/web/agent-compose.yml',
    );
    const free = seedThread(opened.store, ids, elsewhere.id, { createdAt: 600 }).run.id;
    queue.advance();
    expect(started.map(run => run.id)).toEqual([many[0], other, free]);
    const [first] = started;
    if (first) end(first);
    queue.advance();
    expect(started.at(-1)?.id).toBe(many[1]);
  });

  it('never starts the same run twice', () => {
    const project = seedProject(opened.store, ids, specOf('agents: {dev: {provider: claude}}'));
    seedThread(opened.store, ids, project.id);
    queueWith(10).advance();
    queueWith(10).advance();
    expect(started).toHaveLength(1);
    expect(started[0]).toMatchObject({ status: 'starting', generation: 1 });
  });

  it('keeps to the limits of project and agent, and lets others pass', () => {
    const project = seedProject(
      opened.store,
      ids,
      specOf(
        'limits: {concurrency: 2}\nagents: {dev: {provider: claude, concurrency: 1}, reviewer: {provider: claude}}',
      ),
    );
    const other = seedProject(
      opened.store,
      ids,
      specOf('agents: {dev: {provider: claude}}'),
      '/other/agent-compose.yml',
    );
    seedThread(opened.store, ids, project.id, { summary: 'dev 1' });
    seedThread(opened.store, ids, project.id, { summary: 'dev 2' });
    seedThread(opened.store, ids, project.id, { agent: 'reviewer', summary: 'reviewer 1' });
    seedThread(opened.store, ids, project.id, { agent: 'reviewer', summary: 'reviewer 2' });
    seedThread(opened.store, ids, other.id, { summary: 'other' });
    queueWith(10).advance();
    const summaries = started.map(run => opened.store.read(stores => stores.threads.get(run.threadId)?.summary));
    expect(summaries).toEqual(['dev 1', 'reviewer 1', 'other']);
  });

  it('runs one message of a thread after the other', () => {
    const project = seedProject(opened.store, ids, specOf('agents: {dev: {provider: claude}}'));
    const { run } = seedThread(opened.store, ids, project.id);
    const followUp = { ...run, id: ids.next<'run'>() };
    opened.store.transact(stores => stores.runs.insert(followUp));
    const queue = queueWith(10);
    queue.advance();
    expect(started.map(each => each.id)).toEqual([run.id]);
    const [first] = started;
    if (first) end(first);
    queue.advance();
    expect(started.map(each => each.id)).toEqual([run.id, followUp.id]);
  });

  it('starts the next run of a thread only when the work of the one before is committed', () => {
    const project = seedProject(opened.store, ids, specOf('agents: {dev: {provider: claude}}'));
    const { run } = seedThread(opened.store, ids, project.id);
    const followUp = { ...run, id: ids.next<'run'>() };
    const other = seedThread(opened.store, ids, project.id, { status: 'succeeded' });
    opened.store.transact(stores => stores.runs.insert(followUp));
    const queue = queueWith(10);
    queue.advance();
    const [first] = started;
    if (!first) throw new Error('nothing started');
    end(first, { settled: false });
    queue.advance();
    expect(started).toHaveLength(1);
    opened.store.transact(stores => stores.runs.settle(other.run.id));
    queue.advance();
    expect(started).toHaveLength(1);
    opened.store.transact(stores => stores.runs.settle(first.id));
    queue.advance();
    expect(started.map(each => each.id)).toEqual([run.id, followUp.id]);
  });

  it('claims nothing more once the host is ending', () => {
    const project = seedProject(opened.store, ids, specOf('agents: {dev: {provider: claude}}'));
    seedThread(opened.store, ids, project.id);
    const queue = queueWith(10);
    queue.stop();
    queue.advance();
    expect(started).toEqual([]);
    expect(opened.store.read(stores => stores.runs.queued())).toHaveLength(1);
  });
});
