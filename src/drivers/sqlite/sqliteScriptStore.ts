import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type {
  ScriptCall,
  ScriptOwner,
  ScriptRun,
  ScriptRunId,
  ScriptStatus,
  ScriptStore,
} from '../../core/scripts/scriptRun.js';

interface RunRow {
  readonly id: string;
  readonly project_id: string;
  readonly agent: string;
  readonly trigger_name: string | null;
  readonly key: string | null;
  readonly source_hash: string;
  readonly status: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly payload: string | null;
  readonly result: string | null;
  readonly error: string | null;
  readonly event_id: string | null;
}

interface CallRow {
  readonly run_id: string;
  readonly number: number;
  readonly name: string;
  readonly at: number;
  readonly duration_ms: number;
  readonly given: string;
  readonly got: string | null;
  readonly error: string | null;
  readonly thread_id: string | null;
  readonly agent_run_id: string | null;
}

const statuses: readonly ScriptStatus[] = ['running', 'succeeded', 'failed', 'timed_out', 'cancelled', 'lost'];

export class SqliteScriptStore implements ScriptStore {
  readonly #insert: Statement<[RunRow]>;
  readonly #update: Statement<[RunRow]>;
  readonly #get: Statement<[string], RunRow>;
  readonly #byKey: Statement<[string], RunRow>;
  readonly #running: Statement<[], RunRow>;
  readonly #list: Statement<[string, string, string | null, string | null, number], RunRow>;
  readonly #record: Statement<[CallRow]>;
  readonly #calls: Statement<[string], CallRow>;
  readonly #lastThread: Statement<[string, string], { thread_id: string }>;
  readonly #value: Statement<[string, string, string], { value: string }>;
  readonly #setValue: Statement<[string, string, string, string]>;
  readonly #deleteValue: Statement<[string, string, string]>;
  readonly #stateSize: Statement<[string, string], { size: number | null }>;

  constructor(database: Database) {
    this.#insert = database.prepare(`
      INSERT INTO script_run (id, project_id, agent, trigger_name, key, source_hash, status, started_at, ended_at, payload, result, error, event_id)
      VALUES (:id, :project_id, :agent, :trigger_name, :key, :source_hash, :status, :started_at, :ended_at, :payload, :result, :error, :event_id)`);
    this.#update = database.prepare(`
      UPDATE script_run SET status = :status, ended_at = :ended_at, result = :result, error = :error WHERE id = :id`);
    this.#get = database.prepare(`SELECT * FROM script_run WHERE id = ?`);
    this.#byKey = database.prepare(`SELECT * FROM script_run WHERE key = ?`);
    this.#running = database.prepare(`SELECT * FROM script_run WHERE status = 'running' ORDER BY started_at`);
    this.#list = database.prepare(`
      SELECT * FROM script_run WHERE project_id = ? AND agent = ? AND (? IS NULL OR trigger_name = ?)
      ORDER BY started_at DESC LIMIT ?`);
    this.#record = database.prepare(`
      INSERT INTO script_call (run_id, number, name, at, duration_ms, given, got, error, thread_id, agent_run_id)
      VALUES (:run_id, :number, :name, :at, :duration_ms, :given, :got, :error, :thread_id, :agent_run_id)`);
    this.#calls = database.prepare(`SELECT * FROM script_call WHERE run_id = ? ORDER BY number`);
    this.#lastThread = database.prepare(`
      SELECT c.thread_id FROM script_call c JOIN script_run r ON r.id = c.run_id
      WHERE r.project_id = ? AND r.agent = ? AND c.thread_id IS NOT NULL
      ORDER BY r.started_at DESC, c.number DESC LIMIT 1`);
    this.#value = database.prepare(`SELECT value FROM script_state WHERE project_id = ? AND agent = ? AND key = ?`);
    this.#setValue = database.prepare(`
      INSERT OR REPLACE INTO script_state (project_id, agent, key, value) VALUES (?, ?, ?, ?)`);
    this.#deleteValue = database.prepare(`DELETE FROM script_state WHERE project_id = ? AND agent = ? AND key = ?`);
    this.#stateSize = database.prepare(`
      SELECT SUM(LENGTH(key) + LENGTH(value)) AS size FROM script_state WHERE project_id = ? AND agent = ?`);
  }

  insert(run: ScriptRun): void {
    this.#insert.run(toRow(run));
  }

  update(run: ScriptRun): void {
    this.#update.run(toRow(run));
  }

  get(id: string): ScriptRun | undefined {
    const row = this.#get.get(id);
    return row && toRun(row);
  }

  byKey(key: string): ScriptRun | undefined {
    const row = this.#byKey.get(key);
    return row && toRun(row);
  }

  running(): readonly ScriptRun[] {
    return this.#running.all().map(toRun);
  }

  list({
    projectId,
    agent,
    trigger = null,
    limit,
  }: ScriptOwner & { readonly trigger?: string | null; readonly limit: number }): readonly ScriptRun[] {
    return this.#list.all(projectId, agent, trigger, trigger, limit).map(toRun);
  }

  record(call: ScriptCall): void {
    this.#record.run({
      run_id: call.runId,
      number: call.number,
      name: call.name,
      at: call.at,
      duration_ms: call.durationMs,
      given: call.given,
      got: call.got ?? null,
      error: call.error ?? null,
      thread_id: call.threadId ?? null,
      agent_run_id: call.agentRunId ?? null,
    });
  }

  calls(run: ScriptRunId): readonly ScriptCall[] {
    return this.#calls.all(run).map(row => ({
      runId: run,
      number: row.number,
      name: row.name,
      at: row.at,
      durationMs: row.duration_ms,
      given: row.given,
      ...defined({
        got: row.got,
        error: row.error,
        threadId: row.thread_id === null ? undefined : parseId<'thread'>(row.thread_id),
        agentRunId: row.agent_run_id === null ? undefined : parseId<'run'>(row.agent_run_id),
      }),
    }));
  }

  lastThread({ projectId, agent }: ScriptOwner): ThreadId | undefined {
    const row = this.#lastThread.get(projectId, agent);
    return row && parseId<'thread'>(row.thread_id);
  }

  value({ projectId, agent }: ScriptOwner, key: string): string | undefined {
    return this.#value.get(projectId, agent, key)?.value;
  }

  setValue({ projectId, agent }: ScriptOwner, key: string, value: string | undefined): void {
    if (value === undefined) this.#deleteValue.run(projectId, agent, key);
    else this.#setValue.run(projectId, agent, key, value);
  }

  stateSize({ projectId, agent }: ScriptOwner): number {
    return this.#stateSize.get(projectId, agent)?.size ?? 0;
  }
}

function toRow(run: ScriptRun): RunRow {
  return {
    id: run.id,
    project_id: run.projectId,
    agent: run.agent,
    trigger_name: run.trigger ?? null,
    key: run.key ?? null,
    source_hash: run.sourceHash,
    status: run.status,
    started_at: run.startedAt,
    ended_at: run.endedAt ?? null,
    payload: run.payload ?? null,
    result: run.result ?? null,
    error: run.error ?? null,
    event_id: run.eventId ?? null,
  };
}

function toRun(row: RunRow): ScriptRun {
  return {
    id: parseId(row.id),
    projectId: parseId(row.project_id),
    agent: row.agent,
    sourceHash: row.source_hash,
    status: member(statuses, row.status),
    startedAt: row.started_at,
    ...defined({
      trigger: row.trigger_name,
      key: row.key,
      endedAt: row.ended_at,
      payload: row.payload,
      result: row.result,
      error: row.error,
      eventId: row.event_id === null ? undefined : parseId<'topicEvent'>(row.event_id),
    }),
  };
}
