import type { TopicEvent } from '../../protocol/gen/muster/v1/topics_pb.js';
import { optional } from './wireJson.js';
import { isoTime, orUndefined } from './wireText.js';

/** A published event with what came of it; `payload` as JSON, not as text. */
export function eventJson(event: TopicEvent) {
  return {
    id: event.id,
    sequence: Number(event.sequence),
    topic: event.topic,
    source: event.source,
    created_at: isoTime(event.createdAt),
    correlation_id: event.correlationId,
    payload_sha256: event.payloadSha256,
    state: event.state,
    deliveries: event.deliveries.map(delivery => ({
      project_id: delivery.projectId,
      agent_name: delivery.agent,
      trigger: delivery.trigger,
      state: delivery.state,
      sequence: Number(delivery.sequence),
      ...optional({
        attempts: delivery.attempts === 0 ? undefined : delivery.attempts,
        reason: orUndefined(delivery.reason),
        thread_id: orUndefined(delivery.threadId),
        run_id: orUndefined(delivery.runId),
      }),
    })),
    ...optional({
      project_id: orUndefined(event.projectId),
      parent_id: orUndefined(event.parentId),
      idempotency_key: orUndefined(event.idempotencyKey),
      payload: event.payload === '' ? undefined : payloadOf(event.payload),
    }),
  };
}

function payloadOf(payload: string): unknown {
  return JSON.parse(payload);
}
