import { ownValue } from '../../base/ownValue.js';
import { errorMessage, isAnyAppError, type ErrorCode } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { includesScope } from '../../core/access/accessToken.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import type { TopicEvent } from '../../core/topics/topicEvent.js';
import { maxPayloadBytes, requireEvent } from '../../core/topics/topicService.js';
import type { WebhookService } from '../../core/topics/webhookService.js';
import { bearerText } from '../server/gate.js';
import type { Recognition } from '../server/visitor.js';
import type { Handler } from '../server/nodeHandler.js';
import { deliveryJson, eventJson } from './eventShapes.js';
import { readBody, TooLarge } from './readBody.js';
import { answerWebhookSources, failure, isOfWebhookSources, type Answer } from './webhookSourceRoutes.js';

type Request = Parameters<Handler>[0];
type Response = Parameters<Handler>[1];

export interface IngressOptions {
  readonly store: Store<Stores>;
  readonly webhooks: WebhookService;
  readonly recognise: (request: Request) => Promise<Recognition>;
  readonly log: Log;
}

/** A page that is written within some milliseconds. */
const maxEvents = 500;
const defaultEvents = 100;

/**
 * agent-compose's routes for events in front of everything else that the listener answers: webhooks come in, each shown to be
 * of its source, and whoever has a token of this host may look at what was published.
 */
export function withEventIngress(options: IngressOptions, otherwise: Handler): Handler {
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://host');
    const path = url.pathname.replace(/\/$/, '');
    const route = routeOf(path);
    if (!route) {
      otherwise(request, response);
      return;
    }
    void answer(options, { route, request, url, path }).then(
      found => send(response, found),
      (error: unknown) => {
        options.log.error('A request for events failed', { path, reason: errorMessage(error) });
        send(response, failure(500, 'internal', 'The host met an unexpected error.'));
      },
    );
  };
}

type Route = 'webhook' | 'events' | 'sources';

function routeOf(path: string): Route | undefined {
  if (path.startsWith('/api/webhooks/')) return 'webhook';
  if (isOfWebhookSources(path)) return 'sources';
  return path === '/api/events' || path.startsWith('/api/events/') ? 'events' : undefined;
}

interface Asked {
  readonly route: Route;
  readonly request: Request;
  readonly url: URL;
  readonly path: string;
}

async function answer(options: IngressOptions, asked: Asked): Promise<Answer> {
  const { route, request, path } = asked;
  const method = route === 'webhook' ? 'POST' : 'GET';
  if (route !== 'sources' && request.method !== method)
    return failure(405, 'method_not_allowed', `Only ${method} is answered here.`);
  try {
    if (route === 'sources') return await answerWebhookSources(options, request, path);
    return route === 'webhook' ? await receive(options, asked) : await events(options, asked);
  } catch (error) {
    if (error instanceof TooLarge) return failure(413, 'payload_too_large', error.message);
    if (!isAnyAppError(error)) throw error;
    const [status, code] = statusOf(error.code);
    return failure(status, code, error.message);
  }
}

async function receive({ webhooks, log }: IngressOptions, { request, path }: Asked): Promise<Answer> {
  const header = (name: string): string | undefined => {
    const value: unknown = ownValue(request.headers, name);
    return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
  };
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(header('content-type') ?? ''))
    return failure(415, 'unsupported_media_type', 'A webhook is JSON: send Content-Type: application/json.');
  const body = await readBody(request, maxPayloadBytes);
  const { event } = webhooks.receive({
    topic: decodeURIComponent(path.slice('/api/webhooks/'.length)),
    body,
    text: new TextDecoder().decode(body),
    token: bearerText(header('authorization')) ?? header('x-webhook-token'),
    signature: header('x-hub-signature-256'),
    githubEvent: header('x-github-event'),
    idempotencyKey: header('idempotency-key') ?? header('x-github-delivery'),
    correlationId: header('x-correlation-id'),
  });
  log.info('A webhook was accepted', { topic: event.topic, event: event.id });
  const { topic, id, sequence, correlationId } = event;
  return { status: 202, body: { accepted: true, topic, event_id: id, sequence, correlation_id: correlationId } };
}

async function events({ store, recognise }: IngressOptions, { request, url, path }: Asked): Promise<Answer> {
  const found = await recognise(request);
  if (found.kind !== 'visitor' || !includesScope(found.visitor.scope, 'read'))
    return failure(401, 'unauthorized', 'Send `Authorization: Bearer …`; `muster token create` makes a token.');
  const [id, part, ...more] = path.split('/').slice(3);
  if (id === 'topics' && part === undefined) return topicList(store);
  if (id !== undefined) return oneEvent(store, { id, part, more });
  const ask = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const number = (name: string): number => Math.max(0, Math.floor(Number(ask(name) ?? 0)) || 0);
  const [topic, correlationId, source] = [ask('topic'), ask('correlation_id'), ask('source')];
  if (topic === undefined && correlationId === undefined && source === undefined)
    return failure(400, 'invalid_request', 'Give one of topic, correlation_id and source.');
  const filter = {
    ...(topic === undefined ? {} : { topic }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(source === undefined ? {} : { source }),
    ...(ask('after_sequence') === undefined ? {} : { after: number('after_sequence') }),
    offset: number('offset'),
    limit: Math.min(maxEvents, number('limit') || defaultEvents),
  };
  const summary = ask('view') === 'summary';
  const listed = store.read(stores => stores.topics.list(filter).map(event => eventJson(stores, event, { summary })));
  return { status: 200, body: { events: listed } };
}

function oneEvent(
  store: Store<Stores>,
  { id, part, more }: { readonly id: string; readonly part: string | undefined; readonly more: readonly string[] },
): Answer {
  return store.read(stores => {
    const event = requireEvent(stores, id);
    if (part === undefined) return { status: 200, body: eventJson(stores, event) };
    if (part === 'trace' && more.length === 0) return traceOf(stores, event);
    if (more.length > 0 || !['runs', 'sandboxes', 'sessions'].includes(part))
      return failure(404, 'not_found', 'There is no such thing of an event.');
    return {
      status: 200,
      body: { [part]: stores.schedules.ofEvent(event.id).map(fire => deliveryJson(stores, fire)) },
    };
  });
}

function topicList(store: Store<Stores>): Answer {
  const topics = store.read(stores => stores.topics.counts());
  return {
    status: 200,
    body: { topics: topics.map(({ topic, count, lastSequence }) => ({ topic, count, last_sequence: lastSequence })) },
  };
}

/** Everything that came of one cause, the oldest first, each with what its triggers made of it. */
function traceOf(stores: Stores, { id, correlationId }: TopicEvent): Answer {
  const related = stores.topics.list({ correlationId, after: 0, limit: maxEvents }).map(event => ({
    ...eventJson(stores, event),
    runs: stores.schedules.ofEvent(event.id).map(fire => deliveryJson(stores, fire)),
  }));
  return { status: 200, body: { event_id: id, correlation_id: correlationId, events: related } };
}

function statusOf(code: ErrorCode): readonly [status: number, code: string] {
  switch (code) {
    case 'webhook.unknown':
    case 'topicEvent.unknown':
      return [404, 'not_found'];
    case 'access.token':
      return [401, 'unauthorized'];
    case 'event.mismatch':
      return [409, 'idempotency_payload_mismatch'];
    case 'topic.invalid':
    case 'payload.invalid':
    case 'request.invalid':
      return [400, 'invalid_request'];
    default:
      return [500, 'internal'];
  }
}

function send(response: Response, { status, body }: Answer): void {
  const text = JSON.stringify(body);
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}
