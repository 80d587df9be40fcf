import type { Database, Statement } from 'better-sqlite3';
import { parseId, type ProjectId, type RunId, type ThreadId } from '../../base/ids.js';
import type { Run } from '../../core/runs/run.js';
import type { RunDigestState } from '../../core/runs/runDigest.js';
import type { AgentLoad, QueuedRun, RunStore, WaitingRun } from '../../core/runs/runStore.js';
import { runTable, toRun, type RunRow } from './runRow.js';

interface WaitingRow {
  readonly id: string;
  readonly thread_id: string;
  readonly project_id: string;
  readonly agent: string;
  readonly position: number;
}

type QueuedRow = RunRow & { readonly project_id: string };

const withProject = `SELECT run.*, thread.project_id FROM run JOIN thread ON thread.id = run.thread_id`;

export class SqliteRunStore implements RunStore {
  readonly #insert: Statement<[ReturnType<typeof runTable.parameters>]>;
  readonly #pointThread: Statement<[string, string]>;
  readonly #update: Statement<[ReturnType<typeof runTable.parameters>]>;
  readonly #get: Statement<[string], RunRow>;
  readonly #ofThread: Statement<[string], RunRow>;
  readonly #ofProject: Statement<
    [{ readonly project: string; readonly agent: string | null; readonly limit: number }],
    RunRow
  >;
  readonly #queued: Statement<[], QueuedRow>;
  readonly #active: Statement<[], QueuedRow>;
  readonly #settling: Statement<[], QueuedRow>;
  readonly #settle: Statement<[string]>;
  readonly #saveDigest: Statement<[string, string]>;
  readonly #dropDigest: Statement<[string]>;
  readonly #noteCancel: Statement<[string]>;
  readonly #isCancelled: Statement<[string], { run_id: string }>;
  readonly #dropCancel: Statement<[string]>;
  readonly #digest: Statement<[string], { digest_json: string }>;
  readonly #waiting: Statement<[number, string, number], WaitingRow>;
  readonly #load: Statement<[{ readonly project: string | null }], AgentLoad>;
  readonly #withPrefix: Statement<[string, string], { id: string }>;
  readonly #lastConversation: Statement<
    [{ readonly thread: string; readonly agent: string }],
    { conversation: string }
  >;

  constructor(database: Database) {
    this.#insert = database.prepare(runTable.insert());
    this.#pointThread = database.prepare(`UPDATE thread SET latest_run = ? WHERE id = ?`);
    this.#update = database.prepare(runTable.update('id = :id AND generation <= :generation'));
    this.#get = database.prepare(`SELECT * FROM run WHERE id = ?`);
    this.#ofThread = database.prepare(`SELECT * FROM run WHERE thread_id = ? ORDER BY position`);
    this.#ofProject = database.prepare(`
      SELECT run.* FROM run JOIN thread ON thread.id = run.thread_id
      WHERE thread.project_id = :project AND (:agent IS NULL OR run.agent = :agent) ORDER BY run.position DESC LIMIT :limit`);
    this.#queued = database.prepare(`${withProject} WHERE run.status = 'queued' ORDER BY run.position`);
    this.#active = database.prepare(
      `${withProject} WHERE run.status IN ('starting', 'running', 'waiting') ORDER BY run.position`,
    );
    this.#settling = database.prepare(
      `${withProject} WHERE run.settled = 0 AND run.ended_at IS NOT NULL ORDER BY run.position`,
    );
    this.#settle = database.prepare(`UPDATE run SET settled = 1 WHERE id = ?`);
    this.#saveDigest = database.prepare(`
      INSERT INTO run_digest (run_id, digest_json) VALUES (?, ?)
      ON CONFLICT (run_id) DO UPDATE SET digest_json = excluded.digest_json`);
    this.#dropDigest = database.prepare(`DELETE FROM run_digest WHERE run_id = ?`);
    this.#noteCancel = database.prepare(`INSERT OR IGNORE INTO run_cancel (run_id) VALUES (?)`);
    this.#isCancelled = database.prepare(`SELECT run_id FROM run_cancel WHERE run_id = ?`);
    this.#dropCancel = database.prepare(`DELETE FROM run_cancel WHERE run_id = ?`);
    this.#digest = database.prepare(`SELECT digest_json FROM run_digest WHERE run_id = ?`);
    this.#waiting = database.prepare(`
      SELECT run.id, run.thread_id, run.agent, run.position, thread.project_id FROM run JOIN thread ON thread.id = run.thread_id
      WHERE run.status = 'queued' AND run.position > ? AND run.agent NOT IN (SELECT value FROM json_each(?))
      ORDER BY run.position LIMIT ?`);
    // Two halves, because each of them has an index that holds nothing else.
    this.#load = database.prepare(`
      SELECT agent, SUM(queued) AS queued, SUM(1 - queued) AS active FROM (
        SELECT agent, thread_id, 1 AS queued FROM run WHERE status = 'queued'
        UNION ALL SELECT agent, thread_id, 0 FROM run WHERE status IN ('starting', 'running', 'waiting'))
      WHERE :project IS NULL OR (SELECT project_id FROM thread WHERE thread.id = thread_id) = :project GROUP BY agent`);
    this.#withPrefix = database.prepare(`SELECT id FROM run WHERE id >= ? AND id < ? LIMIT 10`);
    this.#lastConversation = database.prepare(`
      SELECT conversation FROM run WHERE thread_id = :thread AND agent = :agent AND conversation IS NOT NULL
        AND position > COALESCE((SELECT MAX(position) FROM run
          WHERE thread_id = :thread AND agent = :agent AND error_code = 'conversation_missing'), -1)
      ORDER BY position DESC LIMIT 1`);
  }

  get(id: RunId): Run | undefined {
    const row = this.#get.get(id);
    return row && toRun(row);
  }

  insert(run: Run): void {
    this.#insert.run(runTable.parameters(run));
    this.#pointThread.run(run.id, run.threadId);
  }

  update(run: Run): 'applied' | 'fenced' {
    return this.#update.run(runTable.parameters(run)).changes === 1 ? 'applied' : 'fenced';
  }

  saveDigest(id: RunId, digest: RunDigestState): void {
    this.#saveDigest.run(id, JSON.stringify(digest));
  }

  noteCancel(id: RunId): void {
    this.#noteCancel.run(id);
  }

  isCancelled(id: RunId): boolean {
    return this.#isCancelled.get(id) !== undefined;
  }

  dropNotes(id: RunId): void {
    this.#dropDigest.run(id);
    this.#dropCancel.run(id);
  }

  digest(id: RunId): RunDigestState | undefined {
    const json = this.#digest.get(id)?.digest_json;
    return json ? parseDigest(json) : undefined;
  }

  ofThread(thread: ThreadId): readonly Run[] {
    return this.#ofThread.all(thread).map(toRun);
  }

  ofProject(project: ProjectId, filter: { readonly agent?: string; readonly limit: number }): readonly Run[] {
    return this.#ofProject.all({ project, agent: filter.agent ?? null, limit: filter.limit }).map(toRun);
  }

  queued(): readonly QueuedRun[] {
    return this.#queued.all().map(toQueued);
  }

  waiting(after: number, limit: number, without: readonly string[]): readonly WaitingRun[] {
    return this.#waiting.all(after, JSON.stringify(without), limit).map(row => ({
      id: parseId(row.id),
      threadId: parseId(row.thread_id),
      projectId: parseId(row.project_id),
      agent: row.agent,
      position: row.position,
    }));
  }

  load(project?: ProjectId): readonly AgentLoad[] {
    return this.#load.all({ project: project ?? null });
  }

  active(): readonly QueuedRun[] {
    return this.#active.all().map(toQueued);
  }

  settling(): readonly QueuedRun[] {
    return this.#settling.all().map(toQueued);
  }

  settle(id: RunId): void {
    this.#settle.run(id);
  }

  withPrefix(prefix: string): readonly RunId[] {
    return this.#withPrefix.all(prefix, `${prefix}~`).map(row => parseId(row.id));
  }

  lastConversation(thread: ThreadId, agent: string): string | undefined {
    return this.#lastConversation.get({ thread, agent })?.conversation;
  }
}

function toQueued(row: QueuedRow): QueuedRun {
  return { run: toRun(row), projectId: parseId(row.project_id) };
}

/** Only this program writes the column, from a value of this type. */
function parseDigest(json: string): RunDigestState {
  return JSON.parse(json);
}
