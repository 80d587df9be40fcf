import { z } from 'zod';
import type { Merge } from '../protocol/gen/muster/v1/merges_pb.js';
import type { Run, TestRun } from '../protocol/gen/muster/v1/runs_pb.js';
import type { Message } from '../protocol/gen/muster/v1/threads_pb.js';
import { mergeWord, partyWord, referenceTo, runWord } from './words.js';

/** Schemas and shapes that several tools share. Times are ISO 8601 in UTC, durations milliseconds. */

/** A whole number that a client may also send as text; some do, for every number. `null` is the same as leaving it out. */
export function count(options: { readonly min?: number; readonly max?: number } = {}) {
  return z.preprocess(
    lenient,
    z
      .number()
      .int()
      .min(options.min ?? 0)
      .max(options.max ?? Number.MAX_SAFE_INTEGER)
      .optional(),
  );
}

function lenient(value: unknown): unknown {
  if (value === null) return undefined;
  return typeof value === 'string' && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : value;
}

/** Text that may be left out, be null or be empty: all three mean the same. */
export function optionalText(description: string) {
  return z
    .preprocess(value => (value === null || value === '' ? undefined : value), z.string().optional())
    .describe(description);
}

export const threadId = z.string().min(1).describe('Id of the thread, or the first characters of it.');

/** At most `length` UTF-16 units, never through the middle of a character, with a mark where something was left out. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** ISO time of milliseconds since the epoch; null for 0, "not yet". */
export function time(ms: bigint): string | null {
  return ms === 0n ? null : new Date(Number(ms)).toISOString();
}

export const messageShape = z.object({
  id: z.string().describe('The same as message_id.'),
  message_id: z.string(),
  reference: z.string(),
  thread_id: z.string(),
  from: z.string(),
  to: z.string(),
  intent: z.string(),
  body: z.string(),
  created_at: z.string().nullable(),
  skip_handoff: z.boolean().optional(),
});

export function messageFields(message: Message): z.infer<typeof messageShape> {
  return {
    id: message.id,
    message_id: message.id,
    reference: referenceTo(message),
    thread_id: message.threadId,
    from: partyWord(message.from),
    to: partyWord(message.to),
    intent: message.intent,
    body: message.body,
    created_at: time(message.createdAt),
    ...(message.skipHandoff ? { skip_handoff: true } : {}),
  };
}

export const runShape = z.object({
  id: z.string().describe('The same as execution_id.'),
  execution_id: z.string(),
  dispatch_message_id: z.string(),
  thread_id: z.string(),
  agent: z.string(),
  execution_status: z.string(),
  queued_at: z.string().nullable(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  duration_ms: z.number().nullable(),
  exit_code: z.number().nullable(),
  error: z.string().nullable(),
  prompt_hash: z.string().nullable().describe('The same for the same instructions of the agent.'),
  activity: z.string().optional(),
  tests: z
    .array(z.object({ command: z.string(), result: z.string(), exit_code: z.number().optional() }))
    .optional()
    .describe(
      'Tests that the agent ran itself, of each command the last time: passed, failed or unknown. Nobody verified them.',
    ),
  cost_usd: z.number().optional(),
  tokens_in: z.number().optional(),
  tokens_out: z.number().optional(),
  tokens_cache_read: z.number().optional(),
  tokens_cache_write: z.number().optional(),
});

export function runFields(run: Run): z.infer<typeof runShape> {
  return {
    id: run.id,
    execution_id: run.id,
    dispatch_message_id: run.messageId,
    thread_id: run.threadId,
    agent: run.agent,
    execution_status: runWord(run.status),
    queued_at: time(run.queuedAt),
    started_at: time(run.startedAt),
    finished_at: time(run.endedAt),
    duration_ms: durationOf(run.startedAt, run.endedAt),
    exit_code: run.exitCode ?? null,
    error: run.error?.message ?? null,
    prompt_hash: run.promptHash || null,
    ...(run.activity === '' ? {} : { activity: run.activity }),
    ...(run.tests.length === 0 ? {} : { tests: run.tests.map(testFields) }),
    ...(run.costUsd === undefined ? {} : { cost_usd: run.costUsd }),
    ...(run.inputTokens === undefined ? {} : { tokens_in: Number(run.inputTokens) }),
    ...(run.outputTokens === undefined ? {} : { tokens_out: Number(run.outputTokens) }),
    ...(run.cacheReadTokens === undefined ? {} : { tokens_cache_read: Number(run.cacheReadTokens) }),
    ...(run.cacheWriteTokens === undefined ? {} : { tokens_cache_write: Number(run.cacheWriteTokens) }),
  };
}

function testFields({ command, result, exitCode }: TestRun) {
  return { command, result, ...(exitCode === undefined ? {} : { exit_code: exitCode }) };
}

export const mergeShape = z.object({
  op_id: z.string(),
  thread_id: z.string(),
  status: z.string(),
  state: z.string().describe('Muster’s own word, which tells blocked and conflicted from failed.'),
  source_branch: z.string().optional().describe('Left out once the thread has no branch any more.'),
  target_branch: z.string(),
  strategy: z.string(),
  queued_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  duration_ms: z.number().nullable(),
  commit: z.string().optional(),
  result_summary: z.string().optional(),
  error_detail: z.string().optional(),
  conflict_files: z.array(z.string()).optional(),
  suggested_actions: z.array(z.string()).optional(),
});

/** `branch`: the thread's, where that is known. */
export function mergeFields(merge: Merge, branch = ''): z.infer<typeof mergeShape> {
  const went = merge.status === 'merged';
  const actions = suggestedActions(merge);
  return {
    op_id: merge.id,
    thread_id: merge.threadId,
    status: mergeWord(merge.status),
    state: merge.status,
    ...(branch === '' ? {} : { source_branch: branch }),
    target_branch: merge.target,
    strategy: merge.strategy,
    queued_at: time(merge.createdAt),
    finished_at: time(merge.endedAt),
    duration_ms: durationOf(merge.createdAt, merge.endedAt),
    ...(merge.commit === '' ? {} : { commit: merge.commit }),
    ...(went ? { result_summary: `${merge.target} is at ${merge.commit} now.` } : {}),
    ...(went || merge.message === '' ? {} : { error_detail: merge.message }),
    ...(merge.files.length === 0 ? {} : { conflict_files: merge.files }),
    ...(actions.length === 0 ? {} : { suggested_actions: actions }),
  };
}

/** Only what can really be done: an ended request cannot be cancelled, and asking again makes a new one. */
function suggestedActions({ status, threadId: thread }: Merge): string[] {
  switch (status) {
    case 'conflicted':
      return [
        `Dispatch to thread ${thread} again and ask the agent to merge the target branch into its own and to solve the conflicts.`,
        `Then call orch_merge for thread ${thread} again.`,
      ];
    case 'blocked':
      return [`Mend what error_detail names, then call orch_merge for thread ${thread} again.`];
    case 'failed':
      return [`Call orch_merge for thread ${thread} again; error_detail says what git found.`];
    default:
      return [];
  }
}

function durationOf(from: bigint, to: bigint): number | null {
  return from === 0n || to === 0n ? null : Number(to - from);
}
