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
  WorkflowCall,
} from '../../core/scripts/scriptRun.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const runColumns = {
  id: fixed((run: ScriptRun) => run.id),
  project_id: fixed((run: ScriptRun) => run.projectId),
  agent: fixed((run: ScriptRun) => run.agent),
  trigger_name: fixed((run: ScriptRun) => run.trigger ?? null),
  key: fixed((run: ScriptRun) => run.key ?? null),
  source_hash: fixed((run: ScriptRun) => run.sourceHash),
  status: stored((run: ScriptRun) => run.status),
  started_at: fixed((run: ScriptRun) => run.startedAt),
  ended_at: stored((run: ScriptRun) => run.endedAt ?? null),
  payload: fixed((run: ScriptRun) => run.payload ?? null),
  result: stored((run: ScriptRun) => run.result ?? null),
  error: stored((run: ScriptRun) => run.error ?? null),
  event_id: fixed((run: ScriptRun) => run.eventId ?? null),
  origin: fixed((run: ScriptRun) => run.origin ?? null),
  parent_id: fixed((run: ScriptRun) => run.parentId ?? null),
};
type RunRow = RowOf<typeof runColumns>;
const runTable = new EntityTable<ScriptRun>('script_run', runColumns);

const callColumns = {
  run_id: fixed((call: ScriptCall) => call.runId),
  number: fixed((call: ScriptCall) => call.number),
  name: fixed((call: ScriptCall) => call.name),
  at: fixed((call: ScriptCall) => call.at),
  duration_ms: fixed((call: ScriptCall) => call.durationMs),
  given: fixed((call: ScriptCall) => call.given),
  got: fixed((call: ScriptCall) => call.got ?? null),
  error: fixed((call: ScriptCall) => call.error ?? null),
  thread_id: fixed((call: ScriptCall) => call.threadId ?? null),
  agent_run_id: fixed((call: ScriptCall) => call.agentRunId ?? null),
};
type CallRow = RowOf<typeof callColumns>;
const callTable = new EntityTable<ScriptCall>('script_call', callColumns);

const workflowCallColumns = {
  origin: fixed((call: WorkflowCall) => call.origin),
  key: fixed((call: WorkflowCall) => call.key),
  attempt: fixed((call: WorkflowCall) => call.attempt),
  input_hash: stored((call: WorkflowCall) => call.inputHash),
  run_id: stored((call: WorkflowCall) => call.runId),
};
type WorkflowCallRow = RowOf<typeof workflowCallColumns>;
const workflowCallTable = new EntityTable<WorkflowCall>('workflow_call', workflowCallColumns);

const statuses: readonly ScriptStatus[] = ['running', 'succeeded', 'failed', 'timed_out', 'cancelled', 'lost'];

export class SqliteScriptStore implements ScriptStore {
  readonly #insert: Statement<[object]>;
  readonly #update: Statement<[object]>;
  readonly #get: Statement<[string], RunRow>;
  readonly #byKey: Statement<[string], RunRow>;
  readonly #running: Statement<[], RunRow>;
  readonly #list: Statement<[string, string, string | null, string | null, number], RunRow>;
  readonly #record: Statement<[object]>;
  readonly #calls: Statement<[string], CallRow>;
  readonly #forgetCalls: Statement<[string]>;
  readonly #forget: Statement<[string]>;
  readonly #lastThread: Statement<[string, string], { thread_id: string }>;
  readonly #value: Statement<[string, string, string], { value: string }>;
  readonly #setValue: Statement<[string, string, string, string]>;
  readonly #deleteValue: Statement<[string, string, string]>;
  readonly #workflowCall: Statement<[string, string], WorkflowCallRow>;
  readonly #recordWorkflowCall: Statement<[object]>;
  readonly #tokensSpent: Statement<[string], { tokens: number | null }>;
  readonly #stateSize: Statement<[string, string], { size: number | null }>;

  constructor(database: Database) {
    this.#insert = database.prepare(runTable.insert());
    this.#update = database.prepare(runTable.update('id = :id'));
    this.#get = database.prepare(`SELECT * FROM script_run WHERE id = ?`);
    this.#byKey = database.prepare(`SELECT * FROM script_run WHERE key = ?`);
    this.#running = database.prepare(`SELECT * FROM script_run WHERE status = 'running' ORDER BY started_at`);
    this.#list = database.prepare(`
      SELECT * FROM script_run WHERE project_id = ? AND agent = ? AND (? IS NULL OR trigger_name = ?)
      ORDER BY started_at DESC LIMIT ?`);
    this.#record = database.prepare(callTable.insert());
    this.#calls = database.prepare(`SELECT * FROM script_call WHERE run_id = ? ORDER BY number`);
    this.#forgetCalls = database.prepare(`DELETE FROM script_call WHERE run_id = ?`);
    this.#forget = database.prepare(`DELETE FROM script_run WHERE id = ?`);
    this.#lastThread = database.prepare(`
      SELECT c.thread_id FROM script_call c JOIN script_run r ON r.id = c.run_id
      WHERE r.project_id = ? AND r.agent = ? AND c.thread_id IS NOT NULL
      ORDER BY r.started_at DESC, c.number DESC LIMIT 1`);
    this.#value = database.prepare(`SELECT value FROM script_state WHERE project_id = ? AND agent = ? AND key = ?`);
    this.#setValue = database.prepare(`
      INSERT OR REPLACE INTO script_state (project_id, agent, key, value) VALUES (?, ?, ?, ?)`);
    this.#deleteValue = database.prepare(`DELETE FROM script_state WHERE project_id = ? AND agent = ? AND key = ?`);
    this.#workflowCall = database.prepare(`
      SELECT * FROM workflow_call WHERE origin = ? AND key = ? ORDER BY attempt DESC LIMIT 1`);
    this.#recordWorkflowCall = database.prepare(workflowCallTable.upsert('origin, key, attempt'));
    this.#tokensSpent = database.prepare(`
      SELECT SUM(COALESCE(r.output_tokens, LENGTH(r.answer) / 4, 0)) AS tokens
      FROM workflow_call c JOIN run r ON r.id = c.run_id WHERE c.origin = ?`);
    this.#stateSize = database.prepare(`
      SELECT SUM(LENGTH(key) + LENGTH(value)) AS size FROM script_state WHERE project_id = ? AND agent = ?`);
  }

  insert(run: ScriptRun): void {
    this.#insert.run(runTable.parameters(run));
  }

  update(run: ScriptRun): void {
    this.#update.run(runTable.parameters(run));
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
    this.#record.run(callTable.parameters(call));
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

  forget(run: ScriptRunId): void {
    this.#forgetCalls.run(run);
    this.#forget.run(run);
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

  workflowCall(origin: string, key: string): WorkflowCall | undefined {
    const row = this.#workflowCall.get(origin, key);
    if (!row) return undefined;
    return { origin, key, attempt: row.attempt, inputHash: row.input_hash, runId: parseId<'run'>(row.run_id) };
  }

  recordWorkflowCall(call: WorkflowCall): void {
    this.#recordWorkflowCall.run(workflowCallTable.parameters(call));
  }

  tokensSpent(origin: string): number {
    return this.#tokensSpent.get(origin)?.tokens ?? 0;
  }

  stateSize({ projectId, agent }: ScriptOwner): number {
    return this.#stateSize.get(projectId, agent)?.size ?? 0;
  }
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
      origin: row.origin,
      parentId: row.parent_id === null ? undefined : parseId<'scriptRun'>(row.parent_id),
    }),
  };
}
