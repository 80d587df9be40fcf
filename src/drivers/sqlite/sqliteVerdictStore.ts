import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type RunId, type ThreadId } from '../../base/ids.js';
import { severities, type AgentVerdict, type Finding, type VerdictStore } from '../../core/chains/agentVerdict.js';
import { verdicts } from '../../base/verdict.js';
import { JsonFields } from '../../base/jsonFields.js';
import { EntityTable, fixed, type RowOf } from './columns.js';

const columns = {
  run_id: fixed((verdict: AgentVerdict) => verdict.runId),
  thread_id: fixed((verdict: AgentVerdict) => verdict.threadId),
  agent: fixed((verdict: AgentVerdict) => verdict.agent),
  verdict: fixed((verdict: AgentVerdict) => verdict.verdict),
  summary: fixed((verdict: AgentVerdict) => verdict.summary),
  findings_json: fixed((verdict: AgentVerdict) => JSON.stringify({ findings: verdict.findings })),
  commit_id: fixed((verdict: AgentVerdict) => verdict.commit),
  at: fixed((verdict: AgentVerdict) => verdict.at),
};
type VerdictRow = RowOf<typeof columns>;
const table = new EntityTable<AgentVerdict>('verdict', columns);

export class SqliteVerdictStore implements VerdictStore {
  readonly #save: Statement<[object]>;
  readonly #ofRun: Statement<[string], VerdictRow>;
  readonly #ofThread: Statement<[string], VerdictRow>;

  constructor(database: Database) {
    this.#save = database.prepare(table.replace());
    this.#ofRun = database.prepare(`SELECT * FROM verdict WHERE run_id = ?`);
    this.#ofThread = database.prepare(`SELECT * FROM verdict WHERE thread_id = ? ORDER BY at, run_id`);
  }

  save(verdict: AgentVerdict): void {
    this.#save.run(table.parameters(verdict));
  }

  ofRun(run: RunId): AgentVerdict | undefined {
    const row = this.#ofRun.get(run);
    return row && toVerdict(row);
  }

  ofThread(thread: ThreadId): readonly AgentVerdict[] {
    return this.#ofThread.all(thread).map(toVerdict);
  }
}

function toVerdict(row: VerdictRow): AgentVerdict {
  return {
    runId: parseId(row.run_id),
    threadId: parseId(row.thread_id),
    agent: row.agent,
    verdict: member(verdicts, row.verdict),
    summary: row.summary,
    findings: JsonFields.parse(row.findings_json).list('findings').map(toFinding),
    commit: row.commit_id,
    at: row.at,
  };
}

function toFinding(fields: JsonFields): Finding {
  return {
    file: fields.text('file') ?? '',
    severity: member(severities, fields.text('severity') ?? 'major'),
    text: fields.text('text') ?? '',
    ...defined({ line: fields.number('line') }),
  };
}
