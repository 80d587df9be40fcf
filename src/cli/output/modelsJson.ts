import type { ModelCall, ModelSpend } from '../../protocol/gen/muster/v1/models_pb.js';
import { optional } from './wireJson.js';
import { isoTime, orUndefined } from './wireText.js';

/** What calls came to, as JSON. */
export function spendJson(spend: ModelSpend | undefined) {
  return {
    calls: Number(spend?.calls ?? 0n),
    cost_usd: spend?.costUsd ?? 0,
    input_tokens: Number(spend?.inputTokens ?? 0n),
    output_tokens: Number(spend?.outputTokens ?? 0n),
    cache_read_tokens: Number(spend?.cacheReadTokens ?? 0n),
    cache_write_tokens: Number(spend?.cacheWriteTokens ?? 0n),
    reasoning_tokens: Number(spend?.reasoningTokens ?? 0n),
    unpriced_calls: Number(spend?.unpriced ?? 0n),
  };
}

/** One call of a model, as JSON. */
export function modelCallJson(call: ModelCall) {
  return {
    run_id: orUndefined(call.runId) ?? null,
    thread_id: orUndefined(call.threadId) ?? null,
    agent: orUndefined(call.agent) ?? null,
    upstream: call.upstream,
    protocol: call.protocol,
    model: call.model,
    started_at: isoTime(call.startedAt),
    status: call.status ?? null,
    ...optional({ first_byte_ms: call.firstByteMs, total_ms: call.totalMs, cost_usd: call.costUsd }),
    input_tokens: Number(call.inputTokens),
    output_tokens: Number(call.outputTokens),
    cache_read_tokens: Number(call.cacheReadTokens),
    cache_write_tokens: Number(call.cacheWriteTokens),
    reasoning_tokens: Number(call.reasoningTokens),
    estimated: call.estimated,
  };
}
