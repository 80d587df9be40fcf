import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { deferred } from '../../base/async.js';
import { defined } from '../../base/defined.js';
import type { FireService } from '../../core/schedules/fireService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { deliveryOf, eventState } from '../../core/topics/delivery.js';
import type { TopicEvent, TopicFilter } from '../../core/topics/topicEvent.js';
import type { WebhookService } from '../../core/topics/webhookService.js';
import type { WebhookSource } from '../../core/topics/webhookSource.js';
import { requireEvent, type TopicService as CoreTopicService } from '../../core/topics/topicService.js';
import {
  TopicEventSchema,
  type FollowTopicEventsRequest,
  type TopicEvent as WireTopicEvent,
  type TopicService,
} from '../../protocol/gen/muster/v1/topics_pb.js';
import { callerOf } from '../server/callPolicy.js';
import { given, oneOf } from './requestFields.js';
import { safeNumber } from './wire.js';

/** A page that is written within some milliseconds. */
const maxEvents = 500;
const defaultEvents = 100;

export interface TopicsApiOptions {
  readonly store: Store<Stores>;
  readonly topics: CoreTopicService;
  readonly fires: FireService;
  readonly webhooks: WebhookService;
  /** Counts open streams, for the idle exit. */
  readonly onWatch: () => { dispose(): void };
}

export function topicsApi({
  store,
  topics,
  fires,
  webhooks,
  onWatch,
}: TopicsApiOptions): ServiceImpl<typeof TopicService> {
  const find = (id: string): WireTopicEvent => store.read(stores => wireTopicEvent(stores, requireEvent(stores, id)));
  return {
    async publishEvent(request, context) {
      const { event, isNew } = topics.publish({
        topic: request.topic,
        source: callerOf(context).kind === 'run' ? 'run' : 'person',
        payload: request.payload === '' ? '{}' : request.payload,
        correlationId: given(request.correlationId),
        parentId: given(request.parentId),
        idempotencyKey: given(request.idempotencyKey),
      });
      return { event: find(event.id), isNew };
    },

    async listTopicEvents(request) {
      const after = safeNumber(request.afterSequence, 'after_sequence');
      const limit = Math.min(maxEvents, request.limit > 0 ? request.limit : defaultEvents);
      const filter = {
        ...filterOf(request),
        limit,
        offset: Math.max(0, request.offset),
        ...(after > 0 ? { after } : {}),
      };
      return {
        events: store.read(stores =>
          stores.topics.list(filter).map(event => wireTopicEvent(stores, event, { summary: request.summary })),
        ),
      };
    },

    async getTopicEvent({ id }) {
      return { event: find(id) };
    },

    followTopicEvents: (request, { signal }) => follow(store, { request, onWatch, signal }),

    async listWebhookSources() {
      return { sources: webhooks.list().map(wireSource) };
    },

    async addWebhookSource(request) {
      const provider = oneOf(['token', 'github_sha256'], request.provider, 'provider') ?? 'token';
      const { source, secret } = webhooks.add(request.topic, provider);
      return { source: wireSource(source), secret };
    },

    async removeWebhookSource({ topic }) {
      webhooks.remove(topic);
      return {};
    },

    async replayEvent({ id }) {
      fires.replay(store.read(stores => requireEvent(stores, id)).id);
      return { event: find(id) };
    },
  };
}

/** Events as they are published, oldest first, until the signal aborts. */
async function* follow(
  store: Store<Stores>,
  {
    request,
    onWatch,
    signal,
  }: {
    readonly request: FollowTopicEventsRequest;
    readonly onWatch: TopicsApiOptions['onWatch'];
    readonly signal: AbortSignal;
  },
): AsyncGenerator<{ readonly event: WireTopicEvent }> {
  const watching = onWatch();
  let wake = deferred<void>();
  const subscription = store.onDidCommit(events => {
    if (events.some(({ event }) => event.kind === 'topic_published')) wake.resolve();
  });
  const onAbort = (): void => wake.resolve();
  signal.addEventListener('abort', onAbort);
  try {
    const asked = safeNumber(request.afterSequence, 'after_sequence');
    let after = asked > 0 ? asked : store.read(stores => stores.topics.lastSequence());
    while (!signal.aborted) {
      wake = deferred();
      const filter = { ...filterOf(request), after, limit: defaultEvents };
      const found = store.read(stores => stores.topics.list(filter).map(event => wireTopicEvent(stores, event)));
      for (const event of found) yield { event };
      const last = found.at(-1);
      if (last) after = Number(last.sequence);
      else if (!signal.aborted) await wake.promise;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    void subscription.dispose();
    watching.dispose();
  }
}

function wireSource({ id, topic, provider, createdAt }: WebhookSource) {
  return { id, topic, provider, createdAt: BigInt(createdAt) };
}

function filterOf(request: {
  readonly topic: string;
  readonly correlationId: string;
  readonly source?: string;
}): Omit<TopicFilter, 'limit'> {
  return defined({
    topic: given(request.topic),
    correlationId: given(request.correlationId),
    source: given(request.source ?? ''),
  });
}

function wireTopicEvent(stores: Stores, event: TopicEvent, { summary = false } = {}): WireTopicEvent {
  const deliveries = stores.schedules.ofEvent(event.id).map(fire => deliveryOf(stores, fire));
  return create(TopicEventSchema, {
    id: event.id,
    sequence: BigInt(event.sequence),
    topic: event.topic,
    source: event.source,
    projectId: event.projectId ?? '',
    payload: summary ? '' : event.payload,
    payloadSha256: event.payloadHash,
    createdAt: BigInt(event.createdAt),
    correlationId: event.correlationId,
    parentId: event.parentId ?? '',
    idempotencyKey: event.idempotencyKey ?? '',
    state: eventState(deliveries),
    deliveries: deliveries.map(({ fire, state }) => ({
      projectId: fire.projectId,
      agent: fire.agent,
      trigger: fire.name,
      state,
      reason: fire.reason ?? '',
      attempts: fire.attempts,
      threadId: fire.threadId ?? '',
      runId: fire.runId ?? '',
      sequence: BigInt(fire.sequence),
    })),
  });
}
