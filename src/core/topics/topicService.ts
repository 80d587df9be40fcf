import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import type { IdSource, ProjectId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import type { EventTriggers, ListeningStores } from '../schedules/eventTriggers.js';
import type { Store } from '../store.js';
import type { TopicEvent, TopicSource, TopicStores } from './topicEvent.js';
import { requireTopic } from './topicName.js';

/** A longer payload is refused: it is stored, and goes into prompts. */
export const maxPayloadBytes = 1024 * 1024;

export interface Publication {
  readonly topic: string;
  readonly source: TopicSource;
  /** JSON. */
  readonly payload: string;
  readonly projectId?: ProjectId | undefined;
  readonly correlationId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** What became of a publication: `isNew` is false when it had been made before. */
export interface Published {
  readonly event: TopicEvent;
  readonly isNew: boolean;
}

export type PublishingStores = TopicStores & ListeningStores & EventStores;

export interface TopicServiceOptions {
  readonly store: Store<PublishingStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly triggers: EventTriggers;
  /** SHA-256, hexadecimal. */
  readonly digest: (text: string) => string;
}

/** Publishes events. An event and the fires that it causes are one transaction: none is lost, and none comes twice. */
export class TopicService {
  readonly #options: TopicServiceOptions;

  constructor(options: TopicServiceOptions) {
    this.#options = options;
  }

  /**
   * Errors: `topic.invalid`, `payload.invalid`, `topicEvent.unknown` (its parent), `event.mismatch` (the same key with another
   * payload).
   */
  publish(publication: Publication): Published {
    return this.#options.store.transact(stores => this.publishIn(stores, publication));
  }

  /** The same inside a transaction that somebody else began. */
  publishIn(stores: PublishingStores, publication: Publication): Published {
    const { clock, ids, triggers, digest } = this.#options;
    const { topic, source, payload, projectId, idempotencyKey } = publication;
    requireTopic(topic, source);
    requirePayload(payload);
    const payloadHash = digest(payload);
    const earlier = idempotencyKey === undefined ? undefined : stores.topics.byKey(topic, idempotencyKey);
    if (earlier) {
      if (earlier.payloadHash === payloadHash) return { event: earlier, isNew: false };
      const words = `The key ${JSON.stringify(idempotencyKey)} was used with another payload for ${topic}.`;
      throw new AppError('event.mismatch', words, { topic, event: earlier.id });
    }
    const parent = publication.parentId === undefined ? undefined : requireEvent(stores, publication.parentId);
    const id = ids.next<'topicEvent'>();
    const event = {
      id,
      topic,
      source,
      payload,
      payloadHash,
      createdAt: clock.now(),
      correlationId: publication.correlationId ?? parent?.correlationId ?? id,
      ...defined({ projectId, parentId: parent?.id, idempotencyKey }),
    };
    const recorded = { ...event, sequence: stores.topics.append(event) };
    triggers.match(stores, recorded);
    stores.events.append({ kind: 'topic_published', sequence: recorded.sequence }, event.createdAt);
    return { event: recorded, isNew: true };
  }
}

/** Errors: `topicEvent.unknown`. */
export function requireEvent(stores: TopicStores, id: string): TopicEvent {
  const event = stores.topics.get(id);
  if (event) return event;
  throw new AppError('topicEvent.unknown', `There is no event ${JSON.stringify(id.slice(0, 40))}.`, {
    event: id.slice(0, 40),
  });
}

function requirePayload(payload: string): void {
  const reason =
    payload.length > maxPayloadBytes ? `it is longer than ${maxPayloadBytes} characters` : notJson(payload);
  if (reason !== undefined) throw new AppError('payload.invalid', `The payload is refused: ${reason}.`, { reason });
}

/** Why it is none; nothing for JSON. */
function notJson(payload: string): string | undefined {
  try {
    JSON.parse(payload);
    return undefined;
  } catch {
    return 'it is no JSON';
  }
}
