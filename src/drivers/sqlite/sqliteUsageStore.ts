import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import { parseId } from '../../base/ids.js';
import type { UsageKey, UsageQuestion, UsageStore, UsageSum } from '../../core/runs/runUsage.js';

interface Parameters {
  readonly byProject: number;
  readonly byAgent: number;
  readonly byDay: number;
  readonly byBatch: number;
  readonly byThread: number;
  readonly project: string | null;
  readonly thread: string | null;
  readonly agent: string | null;
  readonly batch: string | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly offset: number;
  readonly limit: number;
}

interface UsageRow {
  readonly project_id: string | null;
  readonly agent: string | null;
  readonly day: string | null;
  readonly batch: string | null;
  readonly thread_id: string | null;
  readonly runs: number;
  readonly failed: number;
  readonly priced: number;
  readonly duration_ms: number;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cache_read_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly cost_usd: number | null;
}

const began = 'COALESCE(run.started_at, run.queued_at)';

export class SqliteUsageStore implements UsageStore {
  readonly #sums: Statement<[Parameters], UsageRow>;

  constructor(database: Database) {
    this.#sums = database.prepare(`
      SELECT
        CASE WHEN :byProject THEN thread.project_id END AS project_id,
        CASE WHEN :byAgent THEN run.agent END AS agent,
        CASE WHEN :byDay THEN date((${began} + :offset) / 1000, 'unixepoch') END AS day,
        CASE WHEN :byBatch THEN COALESCE(thread_batch.batch, '') END AS batch,
        CASE WHEN :byThread THEN run.thread_id END AS thread_id,
        COUNT(*) AS runs,
        SUM(run.status IN ('failed', 'timed_out', 'lost')) AS failed,
        COUNT(run.cost_usd) AS priced,
        SUM(CASE WHEN run.ended_at > run.started_at THEN run.ended_at - run.started_at ELSE 0 END) AS duration_ms,
        SUM(run.input_tokens) AS input_tokens, SUM(run.output_tokens) AS output_tokens,
        SUM(run.cache_read_tokens) AS cache_read_tokens, SUM(run.cache_write_tokens) AS cache_write_tokens,
        SUM(run.cost_usd) AS cost_usd
      FROM run JOIN thread ON thread.id = run.thread_id LEFT JOIN thread_batch ON thread_batch.thread_id = run.thread_id
      WHERE (:project IS NULL OR thread.project_id = :project) AND (:thread IS NULL OR run.thread_id = :thread)
        AND (:agent IS NULL OR run.agent = :agent) AND (:batch IS NULL OR thread_batch.batch = :batch)
        AND (:from IS NULL OR ${began} >= :from) AND (:to IS NULL OR ${began} < :to)
      GROUP BY 1, 2, 3, 4, 5 ORDER BY day DESC, cost_usd DESC, runs DESC, 1, 2, 4, 5 LIMIT :limit`);
  }

  sums(question: UsageQuestion): readonly UsageSum[] {
    const by = (key: UsageKey): number => (question.by.includes(key) ? 1 : 0);
    const rows = this.#sums.all({
      byProject: by('project'),
      byAgent: by('agent'),
      byDay: by('day'),
      byBatch: by('batch'),
      byThread: by('thread'),
      project: question.project ?? null,
      thread: question.thread ?? null,
      agent: question.agent ?? null,
      batch: question.batch ?? null,
      from: question.from ?? null,
      to: question.to ?? null,
      offset: question.dayOffsetMs,
      limit: question.limit,
    });
    return rows.map(toSum);
  }
}

function toSum(row: UsageRow): UsageSum {
  const { runs, failed, priced } = row;
  return {
    runs,
    failed,
    priced,
    durationMs: row.duration_ms,
    ...(row.project_id === null ? {} : { projectId: parseId(row.project_id) }),
    ...(row.thread_id === null ? {} : { threadId: parseId(row.thread_id) }),
    ...defined({
      agent: row.agent,
      day: row.day,
      batch: row.batch,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      cacheReadTokens: row.cache_read_tokens,
      cacheWriteTokens: row.cache_write_tokens,
      costUsd: row.cost_usd,
    }),
  };
}
