import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type RunId, type ThreadId } from '../../base/ids.js';
import { severities, type AgentVerdict, type Finding, type VerdictStore } from '../../core/chains/agentVerdict.js';
import { verdicts } from '../../core/chains/verdict.js';
import { JsonFields } from '../../base/jsonFields.js';

interface VerdictRow {
  readonly run_id: string;
  readonly thread_id: string;
  readonly agent: string;
  readonly verdict: string;
  readonly summary: string;
  readonly findings_json: string;
  readonly commit_id: string;
  readonly at: number;
}

export class SqliteVerdictStore implements VerdictStore {
  readonly #save: Statement<[VerdictRow]>;
  readonly #ofRun: Statement<[string], VerdictRow>;
  readonly #ofThread: Statement<[string], VerdictRow>;

  constructor(database: Database) {
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO verdict (run_id, thread_id, agent, verdict, summary, findings_json, commit_id, at)
      VALUES (:run_id, :thread_id, :agent, :verdict, :summary, :findings_json, :commit_id, :at)`);
    this.#ofRun = database.prepare(`SELECT * FROM verdict WHERE run_id = ?`);
    this.#ofThread = database.prepare(`SELECT * FROM verdict WHERE thread_id = ? ORDER BY at, run_id`);
  }

  save(verdict: AgentVerdict): void {
    this.#save.run({
      run_id: verdict.runId,
      thread_id: verdict.threadId,
      agent: verdict.agent,
      verdict: verdict.verdict,
      summary: verdict.summary,
      findings_json: JSON.stringify({ findings: verdict.findings }),
      commit_id: verdict.commit,
      at: verdict.at,
    });
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
