import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeId, type ProjectId } from '../../src/base/ids.js';
import { silentLog } from '../../src/base/log.js';
import type { Figure } from '../../src/build/benchFigures.ts';
import type { Run, RunStatus } from '../../src/core/runs/run.js';
import { RunQueue } from '../../src/core/runs/runQueue.js';
import type { Stores } from '../../src/core/stores.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { openDatabase } from '../../src/drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../../src/drivers/sqlite/sqliteStore.js';
import { specOf } from '../support/projectSpecs.js';
import { spread } from './figures.js';

const sizes = [1_000, 10_000, 100_000];
const rounds = 200;
/** A Watch stream begins with every open thread. */
const mostOpen = 10_000;

/** What a dispatch, a step of the queue and the first look of a window cost when there is a lot already. */
export async function measure(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const size of sizes) figures.push(...(await measureAt(size)));
  return figures;
}

async function measureAt(size: number): Promise<readonly Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'muster-growth-'));
  const options = { log: silentLog, now: () => 0 };
  const store = new SqliteStore(openDatabase(join(directory, 'muster.db'), options), {
    newEpoch: 'bench',
    onListenerError: () => undefined,
  });
  try {
    const project = fill(store, size);
    const dispatch = times(rounds, n =>
      store.transact(stores => insert(stores, project, { at: size + n, status: 'queued' })),
    );
    const step = times(20, () => advance(store));
    const look = times(5, () =>
      store.read(stores =>
        stores.threads.page({ statuses: ['queued', 'working', 'ready', 'needs_you'], limit: mostOpen }),
      ),
    );
    const of = `at ${size / 1000} k runs`;
    return [
      ...spread(`growth: dispatch ${of}`, dispatch, { p50: 1 }),
      ...spread(`growth: step of a queue behind its project's limit ${of}`, step, { p50: 30 }),
      ...spread(`growth: first look at the open threads ${of}`, look, { p50: 700 }),
    ];
  } finally {
    store.dispose();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Three of four runs are over; of the open threads at most {@link mostOpen} half are queued. The project may run one. */
function fill(store: SqliteStore, size: number): ProjectId {
  const project = id<'project'>();
  const spec = specOf('limits: {concurrency: 1}\nagents: {dev: {provider: claude}}');
  store.transact(stores => {
    stores.projects.save({
      id: project,
      name: 'old',
      folder: '/old',
      file: '/old/agent-compose.yml',
      revision: 1,
      specHash: 'sha256:0',
      spec,
      appliedAt: 0,
    });
    insert(stores, project, { at: 0, status: 'running' });
    const open = Math.min(mostOpen, size) / 2;
    for (let n = 1; n < size; n++) insert(stores, project, { at: n, status: n < size - open ? 'succeeded' : 'queued' });
  });
  return project;
}

function insert(
  stores: Stores,
  project: ProjectId,
  { at, status }: { readonly at: number; readonly status: RunStatus },
): void {
  const [thread, message, run] = [id<'thread'>(), id<'message'>(), id<'run'>()];
  const ended: Partial<Run> =
    status === 'succeeded' ? { endedAt: at, settled: true, costUsd: 0.1, answer: 'Done. '.repeat(50) } : {};
  stores.threads.insert({
    id: thread,
    projectId: project,
    agent: 'dev',
    outcome: 'open',
    summary: `Task ${at}`,
    createdAt: at,
    updatedAt: at,
  });
  stores.messages.insert({
    id: message,
    threadId: thread,
    from: 'you',
    to: 'dev',
    intent: 'dispatch',
    body: 'Do it',
    createdAt: at,
    runId: run,
  });
  stores.runs.insert({
    id: run,
    threadId: thread,
    messageId: message,
    agent: 'dev',
    provider: 'claude',
    status,
    generation: 1,
    queuedAt: at,
    settled: false,
    ...ended,
  });
  stores.events.append({ kind: 'run_changed', threadId: thread, runId: run, status }, at);
}

function advance(store: SqliteStore): void {
  const limit = { runs: 64, chosen: true };
  new RunQueue({ store, clock: createNodeClock(), log: silentLog, limit, execute: () => undefined }).advance();
}

function times(count: number, work: (n: number) => void): readonly number[] {
  return Array.from({ length: count }, (_, n) => {
    const begin = performance.now();
    work(n);
    return performance.now() - begin;
  });
}

function id<Kind extends string>() {
  return makeId<Kind>(randomBytes(12));
}
