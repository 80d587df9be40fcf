import type { Stores } from '../../core/stores.js';
import type { RecordedFire } from '../../core/schedules/trigger.js';
import { deliveryOf, eventState } from '../../core/topics/delivery.js';
import type { TopicEvent } from '../../core/topics/topicEvent.js';

/** An event as the routes of agent-compose answer it. */
export function eventJson(stores: Stores, event: TopicEvent, { summary = false } = {}): object {
  const payload: unknown = summary ? undefined : JSON.parse(event.payload);
  const fires = stores.schedules.ofEvent(event.id);
  return {
    id: event.id,
    sequence: event.sequence,
    topic: event.topic,
    source: event.source,
    correlation_id: event.correlationId,
    parent_event_id: event.parentId,
    idempotency_key: event.idempotencyKey,
    payload_sha256: event.payloadHash,
    created_at: new Date(event.createdAt).toISOString(),
    dispatch_status: eventState(fires.map(fire => deliveryOf(stores, fire))),
    payload,
  };
}

export function deliveryJson(stores: Stores, fire: RecordedFire): object {
  const { state } = deliveryOf(stores, fire);
  return {
    agent_name: fire.agent,
    trigger: fire.name,
    status: state,
    error: fire.reason,
    sandbox_id: fire.threadId,
    session_id: fire.threadId,
    run_id: fire.runId ?? fire.scriptRunId,
  };
}
