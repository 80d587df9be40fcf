import { member } from '../../base/closedUnion.js';
import { parseId } from '../../base/ids.js';
import type { Run, RunStatus } from '../../core/runs/run.js';
import type { TestRun } from '../../core/runs/testRuns.js';
import { defined } from '../../base/defined.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

/** The columns of the `run` table, without its position: that is the number of its row. */
const runColumns = {
  id: fixed((run: Run) => run.id),
  thread_id: fixed((run: Run) => run.threadId),
  message_id: fixed((run: Run) => run.messageId),
  agent: fixed((run: Run) => run.agent),
  provider: fixed((run: Run) => run.provider),
  model: fixed((run: Run) => run.model ?? null),
  live_input: fixed((run: Run) => (run.liveInput ? 1 : 0)),
  status: stored((run: Run) => run.status),
  generation: stored((run: Run) => run.generation),
  queued_at: fixed((run: Run) => run.queuedAt),
  started_at: stored((run: Run) => run.startedAt ?? null),
  ended_at: stored((run: Run) => run.endedAt ?? null),
  settled: stored((run: Run) => (run.settled ? 1 : 0)),
  exit_code: stored((run: Run) => run.exitCode ?? null),
  signal: stored((run: Run) => run.signal ?? null),
  error_code: stored((run: Run) => run.error?.code ?? null),
  error_message: stored((run: Run) => run.error?.message ?? null),
  models_via: stored((run: Run) => run.modelsVia ?? null),
  prompt_hash: stored((run: Run) => run.promptHash ?? null),
  conversation: stored((run: Run) => run.conversation ?? null),
  answer: stored((run: Run) => run.answer ?? null),
  activity: stored((run: Run) => run.activity ?? null),
  input_tokens: stored((run: Run) => run.inputTokens ?? null),
  output_tokens: stored((run: Run) => run.outputTokens ?? null),
  cache_read_tokens: stored((run: Run) => run.cacheReadTokens ?? null),
  cache_write_tokens: stored((run: Run) => run.cacheWriteTokens ?? null),
  cost_usd: stored((run: Run) => run.costUsd ?? null),
  tests_json: stored((run: Run) => (run.tests ? JSON.stringify(run.tests) : null)),
};

export type RunRow = RowOf<typeof runColumns>;

export const runTable = new EntityTable<Run>('run', runColumns);

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
    ...(row.live_input === 1 ? { liveInput: true } : {}),
    ...(row.error_code === null ? {} : { error: { code: row.error_code, message: row.error_message ?? '' } }),
    ...(row.tests_json === null ? {} : { tests: parseTests(row.tests_json) }),
    ...defined({
      model: row.model,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      exitCode: row.exit_code,
      signal: row.signal,
      modelsVia: row.models_via,
      promptHash: row.prompt_hash,
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

/** Only this program writes the column, from a value of this type. */
function parseTests(json: string): readonly TestRun[] {
  return JSON.parse(json);
}
