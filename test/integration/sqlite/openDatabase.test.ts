import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { takeExclusiveLock } from '../../../src/drivers/sqlite/exclusiveLock.js';
import { initial } from '../../../src/drivers/sqlite/migrations/0001Initial.js';
import { models } from '../../../src/drivers/sqlite/migrations/0018Models.js';
import { positions } from '../../../src/drivers/sqlite/migrations/0033Positions.js';
import { liveInputs } from '../../../src/drivers/sqlite/migrations/0047LiveInputs.js';
import { migrations, schemaVersion } from '../../../src/drivers/sqlite/migrations.js';
import { SqliteStore } from '../../../src/drivers/sqlite/sqliteStore.js';
import { openDatabase } from '../../../src/drivers/sqlite/openDatabase.js';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'muster-db-'));
  file = join(directory, 'muster.db');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const options = { log: silentLog, now: () => Date.parse('2026-01-02T03:04:05.678Z') };

test('what was committed goes into the database when nobody commits any more, not in the middle of it', async () => {
  const database = openDatabase(file, options);
  const store = new SqliteStore(database, { newEpoch: 'epoch0000001', onListenerError: () => undefined });
  const size = (): number => statSync(file).size;
  const before = size();
  // More than SQLite lets gather by itself, and longer than the quiet lasts.
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  try {
    database.exec('CREATE TABLE filling (text)');
    for (let n = 0; n < 12; n++) {
      store.transact(() => database.prepare('INSERT INTO filling VALUES (?)').run('x'.repeat(1_000_000)));
      await vi.advanceTimersByTimeAsync(200);
      expect(size()).toBe(before);
    }
    await vi.advanceTimersByTimeAsync(300);
    expect(size()).toBeGreaterThan(12_000_000);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
    store.dispose();
  }
});

describe('opening the database', () => {
  it('makes a new one at the present schema and opens it again', () => {
    openDatabase(file, options).close();
    const again = openDatabase(file, options);
    expect(again.pragma('user_version', { simple: true })).toBe(schemaVersion);
    again.close();
  });

  it('says that another program holds it, rather than that the disk is full', { timeout: 60_000 }, () => {
    openDatabase(file, options).close();
    const browser = new BetterSqlite3(file);
    browser.pragma('locking_mode = EXCLUSIVE');
    browser.exec('BEGIN EXCLUSIVE');
    try {
      expect(() => openDatabase(file, options)).toThrow(
        expect.objectContaining({
          code: 'state.unwritable',
          message: expect.stringContaining('Another program has it open'),
        }),
      );
    } finally {
      browser.close();
    }
    openDatabase(file, options).close();
  });

  it('brings one of an earlier version along with its threads', () => {
    const old = new BetterSqlite3(file);
    old.exec(initial);
    old.exec(`
      INSERT INTO project (id, name, folder, file, revision) VALUES ('project00001', 'p', '/p', '/p/agent-compose.yml', 1);
      INSERT INTO thread (id, project_id, agent, outcome, summary, worktree, created_at, updated_at)
        VALUES ('thread000001', 'project00001', 'coder', 'open', 'Do it', '/w/do-it', 1, 2)`);
    old.pragma('user_version = 1');
    old.close();
    const database = openDatabase(file, options);
    expect(database.pragma('user_version', { simple: true })).toBe(schemaVersion);
    expect(database.prepare('SELECT summary, worktree, common_dir, trouble, carried FROM thread').all()).toEqual([
      { summary: 'Do it', worktree: '/w/do-it', common_dir: null, trouble: null, carried: null },
    ]);
    expect(database.prepare('SELECT * FROM thread_model').all()).toEqual([]);
    expect(database.prepare('SELECT * FROM hand_merge').all()).toEqual([]);
    database.close();
  });

  it('keeps the calls of models that an earlier version wrote down', () => {
    const old = new BetterSqlite3(file);
    for (const migration of migrations.slice(0, migrations.indexOf(models) + 1)) old.exec(migration);
    old.exec(`
      INSERT INTO project (id, name, folder, file, revision) VALUES ('project00001', 'p', '/p', '/p/agent-compose.yml', 1);
      INSERT INTO thread (id, project_id, agent, outcome, summary, created_at, updated_at)
        VALUES ('thread000001', 'project00001', 'dev', 'open', 'Do it', 1, 2);
      INSERT INTO message (id, position, thread_id, sender, recipient, intent, body, created_at)
        VALUES ('message00001', 1, 'thread000001', 'you', 'dev', 'dispatch', 'Do it', 1);
      INSERT INTO run (id, position, thread_id, message_id, agent, provider, status, generation, queued_at, settled)
        VALUES ('run000000001', 1, 'thread000001', 'message00001', 'dev', 'codex', 'succeeded', 1, 1, 1);
      INSERT INTO model_call (run_id, thread_id, project_id, agent, upstream, protocol, model, request_bytes, started_at, status, cost_usd)
        VALUES ('run000000001', 'thread000001', 'project00001', 'dev', 'openai', 'responses', 'gpt-5', 7, 8, 200, 0.25)`);
    old.pragma(`user_version = ${migrations.indexOf(models) + 1}`);
    old.close();
    const database = openDatabase(file, options);
    expect(database.prepare('SELECT run_id, model, request_bytes, status, cost_usd FROM model_call').all()).toEqual([
      { run_id: 'run000000001', model: 'gpt-5', request_bytes: 7, status: 200, cost_usd: 0.25 },
    ]);
    database.close();
  });

  it('refuses one that a newer program wrote, and leaves it as it is', () => {
    const newer = new BetterSqlite3(file);
    newer.pragma(`user_version = ${schemaVersion + 1}`);
    newer.close();
    const before = readFileSync(file);
    expect(() => openDatabase(file, options)).toThrow(expect.objectContaining({ code: 'state.newer' }));
    expect(readFileSync(file)).toEqual(before);
  });

  it('sets a corrupt one aside whole and starts with a new one', () => {
    const garbage = Buffer.alloc(8192, 'this is not a database ');
    writeFileSync(file, garbage);
    openDatabase(file, options).close();
    const aside = readdirSync(directory).find(name => name.includes('.corrupt-'));
    expect(aside).toBe('muster.db.corrupt-2026-01-02T03-04-05-678Z');
    expect(readFileSync(join(directory, aside ?? ''))).toEqual(garbage);
  });

  it('notices damage in the middle of a file', () => {
    const database = openDatabase(file, options);
    database.exec(`INSERT INTO meta VALUES ('a', '${'x'.repeat(200_000)}')`);
    database.pragma('wal_checkpoint(TRUNCATE)');
    database.close();
    const bytes = readFileSync(file);
    bytes.fill(0xff, 4096, bytes.length - 4096);
    writeFileSync(file, bytes);
    openDatabase(file, options).close();
    expect(readdirSync(directory).some(name => name.includes('.corrupt-'))).toBe(true);
  });

  it('puts aside single values that are no JSON, and names them', () => {
    const database = openDatabase(file, options);
    database.exec(`
      INSERT INTO project VALUES ('00000000000p', 'shop', '/shop', '/shop/agent-compose.yml', 1, NULL, NULL);
      INSERT INTO project_revision VALUES ('00000000000p', 1, 'sha256:1', '{"name": sho', 1);
      INSERT INTO event (at, kind, data_json) VALUES (1, 'thread_changed', '{'), (2, 'thread_changed', '{"threadId":"000000000001"}');`);
    database.close();
    const said: unknown[] = [];
    const log = { ...silentLog, error: (_: string, fields?: unknown) => void said.push(fields) };
    const again = openDatabase(file, { ...options, log });
    expect(said).toMatchObject([
      { place: 'project_revision.spec_json', rows: ['00000000000p'] },
      { place: 'event.data_json', rows: [1] },
    ]);
    expect(again.prepare('SELECT source, row, value FROM quarantine').all()).toEqual([
      { source: 'project_revision.spec_json', row: '00000000000p', value: '{"name": sho' },
      { source: 'event.data_json', row: '1', value: '{' },
    ]);
    const store = new SqliteStore(again, { newEpoch: 'e', onListenerError: () => undefined });
    expect(store.read(stores => stores.projects.list())).toMatchObject([
      { name: 'shop', spec: { name: 'shop', agents: [] } },
    ]);
    expect(store.read(stores => stores.events.since(1, 10))).toHaveLength(1);
    store.dispose();
  });

  it('says what to do when the file cannot be made', () => {
    mkdirSync(file);
    expect(() => openDatabase(file, options)).toThrow(expect.objectContaining({ code: 'state.unwritable' }));
  });
});

describe('the exclusive lock', () => {
  it('goes to one taker at a time', () => {
    const lock = join(directory, 'host.lock');
    const first = takeExclusiveLock(lock);
    expect(first).toBeDefined();
    expect(takeExclusiveLock(lock)).toBeUndefined();
    void first?.dispose();
    const next = takeExclusiveLock(lock);
    expect(next).toBeDefined();
    void next?.dispose();
  });
});

test.each(['garbage '.repeat(100), 'SQLite format 3\0 and then nonsense'.padEnd(4096, '!')])(
  'a lock file that somebody wrote into is a lock all the same (%#)',
  text => {
    const lock = join(directory, 'host.lock');
    writeFileSync(lock, text);
    const first = takeExclusiveLock(lock);
    expect(first).toBeDefined();
    expect(takeExclusiveLock(lock)).toBeUndefined();
    void first?.dispose();
  },
);

describe('a database of an earlier schema', () => {
  it('is brought up with what is in it', () => {
    const old = new BetterSqlite3(file);
    old.exec(initial);
    old.pragma('user_version = 1');
    old.exec(`
      INSERT INTO project (id, name, folder, file, revision) VALUES ('p', 'shop', '/shop', '/shop/agent-compose.yml', 1);
      INSERT INTO thread (id, project_id, agent, outcome, summary, created_at, updated_at) VALUES ('t', 'p', 'dev', 'open', 'Fix it', 1, 1);
      INSERT INTO message (id, position, thread_id, sender, recipient, intent, body, created_at) VALUES ('m', 1, 't', 'you', 'dev', 'dispatch', 'Do it', 1);
      INSERT INTO run (id, position, thread_id, message_id, agent, provider, status, generation, queued_at, settled, digest_json) VALUES
        ('working', 1, 't', 'm', 'dev', 'claude', 'running', 1, 1, 0, '{"offset":7}'), ('over', 2, 't', 'm', 'dev', 'claude', 'failed', 1, 1, 1, '{"offset":9}')`);
    old.close();
    const database = openDatabase(file, options);
    database.exec(
      `INSERT INTO review (thread_id, commit_sha, verdict, by, at) VALUES ('t', 'abc', 'approved', 'you', 2)`,
    );
    expect(database.prepare('SELECT summary, verdict FROM thread JOIN review ON thread_id = id').all()).toEqual([
      { summary: 'Fix it', verdict: 'approved' },
    ]);
    expect(database.prepare('SELECT run_id, digest_json FROM run_digest').all()).toEqual([
      { run_id: 'working', digest_json: '{"offset":7}' },
    ]);
    expect(database.pragma('foreign_key_check')).toEqual([]);
    database.close();
  });

  it('takes no run that was queued before for one whose input comes while it runs', () => {
    const old = new BetterSqlite3(file);
    const before = migrations.indexOf(liveInputs);
    for (const sql of migrations.slice(0, before)) old.exec(sql);
    old.pragma(`user_version = ${before}`);
    old.exec(`
      INSERT INTO project (id, name, folder, file, revision) VALUES ('p', 'shop', '/shop', '/shop/agent-compose.yml', 1);
      INSERT INTO thread (id, project_id, agent, outcome, summary, created_at, updated_at) VALUES ('t', 'p', 'dev', 'open', 'Fix it', 1, 1);
      INSERT INTO message (id, thread_id, sender, recipient, intent, body, created_at) VALUES ('m', 't', 'you', 'dev', 'dispatch', 'ls', 1);
      INSERT INTO run (id, thread_id, message_id, agent, provider, status, generation, queued_at, settled) VALUES
        ('waiting', 't', 'm', 'dev', 'shell', 'queued', 0, 1, 0)`);
    old.close();
    const database = openDatabase(file, options);
    const rows = () => database.prepare('SELECT id, live_input FROM run ORDER BY position').all();
    expect(rows()).toEqual([{ id: 'waiting', live_input: 0 }]);
    expect(database.pragma('user_version', { simple: true })).toBe(schemaVersion);
    database.close();
  });

  it('keeps the order of messages, runs and merges, and all that refers to them, when positions become row numbers', () => {
    const old = new BetterSqlite3(file);
    const before = migrations.indexOf(positions);
    for (const sql of migrations.slice(0, before)) old.exec(sql);
    old.pragma(`user_version = ${before}`);
    // Written in another order than the one that their positions say, with gaps, and two threads that count by themselves.
    old.exec(`
      INSERT INTO project (id, name, folder, file, revision) VALUES ('p', 'shop', '/shop', '/shop/agent-compose.yml', 1);
      INSERT INTO thread (id, project_id, agent, outcome, summary, created_at, updated_at) VALUES
        ('t', 'p', 'dev', 'open', 'Fix it', 1, 1), ('u', 'p', 'dev', 'open', 'Other', 1, 1);
      INSERT INTO message (id, position, thread_id, sender, recipient, intent, body, idempotency_key, created_at) VALUES
        ('m3', 3, 't', 'you', 'dev', 'dispatch', 'third', NULL, 3), ('m1', 1, 't', 'you', 'dev', 'dispatch', 'first', 'key', 9),
        ('n1', 1, 'u', 'you', 'dev', 'dispatch', 'other', NULL, 2), ('m2', 2, 't', 'you', 'dev', 'dispatch', 'second', NULL, 3);
      INSERT INTO run (id, position, thread_id, message_id, agent, provider, status, generation, queued_at, settled, models_via) VALUES
        ('r9', 9, 't', 'm3', 'dev', 'claude', 'queued', 1, 1, 0, NULL), ('r4', 4, 't', 'm1', 'dev', 'claude', 'queued', 1, 1, 0, 'facade');
      INSERT INTO run_delay (run_id, due_at, reason) VALUES ('r4', 7, 'retry');
      INSERT INTO merge (id, position, thread_id, status, target, strategy, expect, commit_message, message, files_json, created_at) VALUES
        ('g8', 8, 't', 'queued', 'main', 'merge', 'abc', 'Fix it', '', '[]', 1), ('g2', 2, 't', 'blocked', 'main', 'merge', 'abc', 'Fix it', 'no', '["a"]', 1);
      INSERT INTO merge_queue (merge_id, lane, priority, place, verify_json) VALUES ('g8', 'main', 0, 1, '[]')`);
    old.close();
    const database = openDatabase(file, options);
    const ids = (sql: string) =>
      database
        .prepare<[], { id: string }>(sql)
        .all()
        .map(({ id }) => id);
    expect(ids(`SELECT id FROM message WHERE thread_id = 't' ORDER BY position`)).toEqual(['m1', 'm2', 'm3']);
    expect(ids('SELECT id FROM run ORDER BY position')).toEqual(['r4', 'r9']);
    expect(ids('SELECT id FROM merge ORDER BY position')).toEqual(['g2', 'g8']);
    expect(ids(`SELECT run.id FROM run JOIN run_delay ON run_id = run.id WHERE models_via = 'facade'`)).toEqual(['r4']);
    expect(ids('SELECT merge.id FROM merge JOIN merge_queue ON merge_id = merge.id')).toEqual(['g8']);
    expect(database.pragma('foreign_key_check')).toEqual([]);
    expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(() => database.exec(`DELETE FROM run WHERE id = 'r4'`)).toThrow(/FOREIGN KEY/);
    expect(() =>
      database.exec(`
        INSERT INTO message (id, thread_id, sender, recipient, intent, body, idempotency_key, created_at)
        VALUES ('again', 't', 'you', 'dev', 'dispatch', 'again', 'key', 4)`),
    ).toThrow(/UNIQUE/);
    database.close();
  });

  it('looks up what is queued, active or settling in an index that holds nothing else', () => {
    const database = openDatabase(file, options);
    const plan = (where: string) =>
      database
        .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN SELECT * FROM run WHERE ${where} ORDER BY position`)
        .all()
        .map(({ detail }) => detail);
    expect(plan(`status = 'queued'`)).toEqual([expect.stringContaining('run_queued')]);
    expect(plan(`status IN ('starting', 'running', 'waiting')`)).toEqual([expect.stringContaining('run_active')]);
    expect(plan('settled = 0 AND ended_at IS NOT NULL')).toEqual([expect.stringContaining('run_settling')]);
    expect(plan(`thread_id = 't'`)).toEqual([expect.stringContaining('run_of_thread')]);
    database.close();
  });
});
