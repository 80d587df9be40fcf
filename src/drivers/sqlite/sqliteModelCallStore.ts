import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId } from '../../base/ids.js';
import type { ModelCall, ModelCallEnd, Spent } from '../../core/models/modelCall.js';
import { modelProtocols } from '../../core/models/modelProtocol.js';
import type { ModelCallStore, OpenCall, SpendFilter } from '../../core/models/modelStore.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

/** What is known when a call begins. */
interface Begun {
  readonly call: ModelCall;
  readonly requestBytes: number;
}

const begunColumns = {
  run_id: fixed(({ call }: Begun) => call.run ?? null),
  thread_id: fixed(({ call }: Begun) => call.thread ?? null),
  project_id: fixed(({ call }: Begun) => call.project ?? null),
  agent: fixed(({ call }: Begun) => call.agent ?? null),
  upstream: fixed(({ call }: Begun) => call.upstream),
  protocol: fixed(({ call }: Begun) => call.protocol),
  model: fixed(({ call }: Begun) => call.model),
  request_bytes: fixed(({ requestBytes }: Begun) => requestBytes),
  started_at: fixed(({ call }: Begun) => call.startedAt),
};
const begunTable = new EntityTable<Begun>('model_call', begunColumns);

const endedColumns = {
  status: stored((end: ModelCallEnd): number | null => end.status),
  first_byte_ms: stored((end: ModelCallEnd) => end.firstByteMs ?? null),
  total_ms: stored((end: ModelCallEnd): number | null => end.totalMs),
  input_tokens: stored((end: ModelCallEnd) => end.tokens.input),
  output_tokens: stored((end: ModelCallEnd) => end.tokens.output),
  cache_read_tokens: stored((end: ModelCallEnd) => end.tokens.cacheRead),
  cache_write_tokens: stored((end: ModelCallEnd) => end.tokens.cacheWrite),
  reasoning_tokens: stored((end: ModelCallEnd) => end.tokens.reasoning),
  estimated: stored((end: ModelCallEnd) => (end.estimated ? 1 : 0)),
  cost_usd: stored((end: ModelCallEnd) => end.costUsd ?? null),
};
const endedTable = new EntityTable<ModelCallEnd>('model_call', endedColumns);

interface CallRow extends RowOf<typeof begunColumns>, RowOf<typeof endedColumns> {
  readonly id: number;
}

interface SpentRow {
  readonly calls: number;
  readonly input: number | null;
  readonly output: number | null;
  readonly cache_read: number | null;
  readonly cache_write: number | null;
  readonly reasoning: number | null;
  readonly cost: number | null;
  readonly unpriced: number | null;
}

/** Columns that a filter names. The narrowest comes first, because an index holds it. */
const filterColumns: readonly (readonly [keyof SpendFilter, string])[] = [
  ['run', 'run_id = ?'],
  ['thread', 'thread_id = ?'],
  ['since', 'started_at >= ?'],
  ['project', 'project_id = ?'],
  ['agent', 'agent = ?'],
];

/** The table `model_call`. */
export class SqliteModelCallStore implements ModelCallStore {
  readonly #database: Database;
  readonly #begin: Statement<[object]>;
  readonly #end: Statement<[object]>;
  readonly #open: Statement<[], CallRow>;
  /** By their condition: there are as many as budgets have scopes. */
  readonly #spent = new Map<string, Statement<(string | number)[], SpentRow>>();

  constructor(database: Database) {
    this.#database = database;
    this.#begin = database.prepare(begunTable.insert());
    this.#end = database.prepare(endedTable.update('id = :id'));
    this.#open = database.prepare(`SELECT * FROM model_call WHERE status IS NULL ORDER BY id`);
  }

  begin(call: ModelCall, requestBytes: number): number {
    return Number(this.#begin.run(begunTable.parameters({ call, requestBytes })).lastInsertRowid);
  }

  end(id: number, end: ModelCallEnd): void {
    this.#end.run({ ...endedTable.parameters(end), id });
  }

  spent(filter: SpendFilter): Spent {
    const { where, values } = conditionOf(filter);
    let statement = this.#spent.get(where);
    if (!statement) {
      statement = this.#database.prepare(`
        SELECT COUNT(*) AS calls, SUM(input_tokens) AS input, SUM(output_tokens) AS output,
          SUM(cache_read_tokens) AS cache_read, SUM(cache_write_tokens) AS cache_write,
          SUM(reasoning_tokens) AS reasoning, SUM(cost_usd) AS cost, SUM(cost_usd IS NULL) AS unpriced
        FROM model_call WHERE status IS NOT NULL AND ${where}`);
      this.#spent.set(where, statement);
    }
    const row = statement.get(...values);
    return {
      calls: row?.calls ?? 0,
      tokens: {
        input: row?.input ?? 0,
        output: row?.output ?? 0,
        cacheRead: row?.cache_read ?? 0,
        cacheWrite: row?.cache_write ?? 0,
        reasoning: row?.reasoning ?? 0,
      },
      costUsd: row?.cost ?? 0,
      unpriced: row?.unpriced ?? 0,
    };
  }

  open(): readonly OpenCall[] {
    return this.#open.all().map(row => ({ id: row.id, call: toCall(row), requestBytes: row.request_bytes }));
  }

  latest({ limit, ...filter }: SpendFilter & { readonly limit: number }): ReturnType<ModelCallStore['latest']> {
    const { where, values } = conditionOf(filter);
    const rows = this.#database
      .prepare<(string | number)[], CallRow>(`SELECT * FROM model_call WHERE ${where} ORDER BY id DESC LIMIT ?`)
      .all(...values, limit);
    return rows.map(row => ({ ...toCall(row), ...endOf(row) }));
  }
}

function conditionOf(filter: SpendFilter): { readonly where: string; readonly values: readonly (string | number)[] } {
  const used = filterColumns.flatMap(([key, condition]) => {
    const value = filter[key];
    return value === undefined ? [] : [{ condition, value }];
  });
  return {
    where: used.length === 0 ? '1' : used.map(({ condition }) => condition).join(' AND '),
    values: used.map(({ value }) => value),
  };
}

function toCall(row: CallRow): ModelCall {
  return {
    ...(row.run_id === null ? {} : { run: parseId<'run'>(row.run_id) }),
    ...(row.thread_id === null ? {} : { thread: parseId<'thread'>(row.thread_id) }),
    ...(row.project_id === null ? {} : { project: parseId<'project'>(row.project_id) }),
    ...(row.agent === null ? {} : { agent: row.agent }),
    upstream: row.upstream,
    protocol: member(modelProtocols, row.protocol),
    model: row.model,
    startedAt: row.started_at,
  };
}

function endOf(row: CallRow): Partial<ModelCallEnd> {
  if (row.status === null) return {};
  return {
    status: row.status,
    totalMs: row.total_ms ?? 0,
    tokens: {
      input: row.input_tokens,
      output: row.output_tokens,
      cacheRead: row.cache_read_tokens,
      cacheWrite: row.cache_write_tokens,
      reasoning: row.reasoning_tokens,
    },
    estimated: row.estimated === 1,
    ...defined({ firstByteMs: row.first_byte_ms, costUsd: row.cost_usd }),
  };
}
