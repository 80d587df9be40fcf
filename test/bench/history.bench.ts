import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { silentLog } from '../../src/base/log.js';
import { makeId } from '../../src/base/ids.js';
import { openDatabase } from '../../src/drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../../src/drivers/sqlite/sqliteStore.js';
import type { Figure } from '../../src/build/benchFigures.ts';
import { specOf } from '../support/projectSpecs.js';
import { spread } from './figures.js';
import { startBenchHost } from './benchHost.js';

const threads = 10_000;
const runsPerThread = 10;
const events = 1_000_000;
const rounds = 30;

const compose = 'name: bench\nagents: {dev: {provider: claude}}\n';

/** Start and lists of a host with a long history. */
export async function measure(): Promise<readonly Figure[]> {
  const host = await startBenchHost(compose, { prepareState: fill });
  try {
    const first = await samples(async () => host.client.threads.listThreads({ limit: 100 }));
    const needs = await samples(async () => host.client.threads.listThreads({ limit: 100, statuses: ['needs_you'] }));
    const merged = await samples(async () => host.client.threads.listThreads({ limit: 100, statuses: ['merged'] }));
    const note = `${threads} threads, ${threads * runsPerThread} runs, ${events} events`;
    return [
      { name: 'history: host start to first answer', value: host.startMs, unit: 'ms', budget: 500, note },
      ...spread('history: first page of all threads', first, { p50: 10 }),
      ...spread('history: first page of what needs you', needs, { p50: 10 }),
      ...spread('history: first page of what was merged', merged, { p50: 10 }),
    ];
  } finally {
    await host.stop();
  }
}

async function samples(call: () => Promise<unknown>): Promise<readonly number[]> {
  await call();
  const result: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    await call();
    result.push(performance.now() - begin);
  }
  return result;
}

function id(): string {
  return makeId(randomBytes(12));
}

/** Rows as the stores write them; SQL, because a million transactions would take the time of a coffee. */
function fill(stateDir: string): void {
  const file = join(stateDir, 'muster.db');
  new SqliteStore(openDatabase(file, { log: silentLog, now: () => 0 }), {
    newEpoch: 'bench',
    onListenerError: () => undefined,
  }).dispose();
  const database = new BetterSqlite3(file);
  const project = id();
  const insertThread = database.prepare(
    `INSERT INTO thread (id, project_id, agent, outcome, summary, latest_run, created_at, updated_at) VALUES (?, ?, 'dev', ?, ?, ?, ?, ?)`,
  );
  const insertMessage = database.prepare(
    `INSERT INTO message (id, thread_id, sender, recipient, intent, body, created_at) VALUES (?, ?, 'you', 'dev', 'dispatch', 'Do it', ?)`,
  );
  const insertRun = database.prepare(
    `INSERT INTO run (id, position, thread_id, message_id, agent, provider, status, generation, queued_at, ended_at, settled, answer, cost_usd)
     VALUES (?, ?, ?, ?, 'dev', 'claude', ?, 1, ?, ?, 1, 'Done', 0.1)`,
  );
  const insertEvent = database.prepare(`INSERT INTO event (at, kind, data_json) VALUES (?, 'thread_changed', ?)`);
  const finished = ['merged', 'closed', 'failed'];
  database.transaction(() => {
    database
      .prepare(
        `INSERT INTO project (id, name, folder, file, revision) VALUES (?, 'old', '/old', '/old/agent-compose.yml', 1)`,
      )
      .run(project);
    database
      .prepare(`INSERT INTO project_revision VALUES (?, 1, 'sha256:0', ?, 0)`)
      .run(project, JSON.stringify(specOf(compose)));
    let position = 0;
    let lastThread = '';
    for (let n = 0; n < threads; n++) {
      const thread = id();
      const message = id();
      const runs = Array.from({ length: runsPerThread }, id);
      const open = n % 200 === 0;
      insertThread.run(
        thread,
        project,
        open ? 'open' : finished[n % 3] === 'failed' ? 'failed' : 'completed',
        `Task ${n}`,
        runs.at(-1),
        n,
        n,
      );
      insertMessage.run(message, thread, n);
      for (const run of runs) insertRun.run(run, ++position, thread, message, open ? 'failed' : 'succeeded', n, n);
      lastThread = thread;
    }
    const data = JSON.stringify({ threadId: lastThread });
    for (let n = 0; n < events; n++) insertEvent.run(n, data);
  })();
  database.close();
}
