import { member } from '../../base/closedUnion.js';
import { parseId } from '../../base/ids.js';
import type { Run, RunStatus } from '../../core/runs/run.js';
import { defined } from '../../base/defined.js';

/** A row of the `run` table, without its position and digest. */
export interface RunRow {
  readonly id: string;
  readonly thread_id: string;
  readonly message_id: string;
  readonly agent: string;
  readonly provider: string;
  readonly model: string | null;
  readonly status: string;
  readonly generation: number;
  readonly queued_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly settled: number;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly conversation: string | null;
  readonly answer: string | null;
  readonly activity: string | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cache_read_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly cost_usd: number | null;
}

const statuses: readonly RunStatus[] = [
  'queued',
  'starting',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'lost',
];

export function fromRun(run: Run): RunRow {
  return {
    id: run.id,
    thread_id: run.threadId,
    message_id: run.messageId,
    agent: run.agent,
    provider: run.provider,
    model: run.model ?? null,
    status: run.status,
    generation: run.generation,
    queued_at: run.queuedAt,
    started_at: run.startedAt ?? null,
    ended_at: run.endedAt ?? null,
    settled: run.settled ? 1 : 0,
    exit_code: run.exitCode ?? null,
    signal: run.signal ?? null,
    error_code: run.error?.code ?? null,
    error_message: run.error?.message ?? null,
    conversation: run.conversation ?? null,
    answer: run.answer ?? null,
    activity: run.activity ?? null,
    input_tokens: run.inputTokens ?? null,
    output_tokens: run.outputTokens ?? null,
    cache_read_tokens: run.cacheReadTokens ?? null,
    cache_write_tokens: run.cacheWriteTokens ?? null,
    cost_usd: run.costUsd ?? null,
  };
}

export function toRun(row: RunRow): Run {
  return {
    id: parseId(row.id),
    threadId: parseId(row.thread_id),
    messageId: parseId(row.message_id),
    agent: row.agent,
    provider: row.provider,
    status: member(statuses, row.status),
    generation: row.generation,
    queuedAt: row.queued_at,
    settled: row.settled === 1,
    ...(row.error_code === null ? {} : { error: { code: row.error_code, message: row.error_message ?? '' } }),
    ...defined({
      model: row.model,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      exitCode: row.exit_code,
      signal: row.signal,
      conversation: row.conversation,
      answer: row.answer,
      activity: row.activity,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      cacheReadTokens: row.cache_read_tokens,
      cacheWriteTokens: row.cache_write_tokens,
      costUsd: row.cost_usd,
    }),
  };
}
