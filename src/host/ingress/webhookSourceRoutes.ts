import { includesScope } from '../../core/access/accessToken.js';
import type { WebhookProvider, WebhookSource } from '../../core/topics/webhookSource.js';
import type { WebhookService } from '../../core/topics/webhookService.js';
import type { Log } from '../../base/log.js';
import type { Recognition } from '../server/visitor.js';
import type { Handler } from '../server/nodeHandler.js';
import { readBody } from './readBody.js';

type Request = Parameters<Handler>[0];

/** An answer in JSON. */
export interface Answer {
  readonly status: number;
  readonly body: object;
}

export interface WebhookSourceRoutesOptions {
  readonly webhooks: WebhookService;
  readonly recognise: (request: Request) => Promise<Recognition>;
  readonly log: Log;
}

const base = '/api/webhook-sources';
/** A topic and a provider. */
const maxBytes = 4_096;
const providers: readonly WebhookProvider[] = ['token', 'github_sha256'];

/** Whether this path is one of agent-compose's routes for who may publish from outside. */
export function isOfWebhookSources(path: string): boolean {
  return path === base || path.startsWith(`${base}/`);
}

/**
 * `GET` lists the sources, `PUT` lets one publish and answers its secret, once, and `DELETE` ends one. A source is named by its topic or
 * its id. As `muster webhook source`, this needs whoever may do everything.
 */
export async function answerWebhookSources(
  { webhooks, recognise, log }: WebhookSourceRoutesOptions,
  request: Request,
  path: string,
): Promise<Answer> {
  const found = await recognise(request);
  if (found.kind !== 'visitor')
    return failure(401, 'unauthorized', 'Send `Authorization: Bearer …`; `muster token create` makes a token.');
  const { name: token, scope } = found.visitor;
  if (!includesScope(scope, 'admin')) return failure(403, 'forbidden', 'That needs a token of scope admin.');
  const name = decodeName(path.slice(base.length + 1));
  if (name === undefined) return failure(400, 'invalid_request', 'The address names no source.');
  switch (request.method) {
    case 'GET':
      return read(webhooks, name);
    case 'PUT': {
      const answer = put(webhooks, name, await bodyOf(request));
      log.info('A webhook source was put over the network', { token, status: answer.status });
      return answer;
    }
    case 'DELETE':
      webhooks.remove(name);
      log.info('A webhook source was removed over the network', { token });
      return { status: 200, body: { removed: true } };
    default:
      return failure(405, 'method_not_allowed', 'Only GET, PUT and DELETE are answered here.');
  }
}

function read(webhooks: WebhookService, name: string): Answer {
  const all = webhooks.list();
  if (name === '') return { status: 200, body: { sources: all.map(sourceJson) } };
  const source = named(all, name);
  return source ? { status: 200, body: sourceJson(source) } : unknownSource;
}

/** The same again changes nothing and tells no secret: it has been shown. */
function put(webhooks: WebhookService, name: string, body: ReadonlyMap<string, unknown> | undefined): Answer {
  if (!body) return failure(400, 'invalid_request', 'Send {"topic": "…", "provider": "token"}.');
  const [topic, word] = [body.get('topic') ?? name, body.get('provider') ?? 'token'];
  const provider = providers.find(each => each === word);
  if (typeof topic !== 'string' || topic === '') return failure(400, 'invalid_request', 'The source names no topic.');
  if (!provider) return failure(400, 'invalid_request', `provider is one of ${providers.join(', ')}.`);
  const before = named(webhooks.list(), name || topic) ?? named(webhooks.list(), topic);
  if (!before) {
    const { source, secret } = webhooks.add(topic, provider);
    return { status: 201, body: { ...sourceJson(source), token: secret } };
  }
  if (before.topic === topic && before.provider === provider) return { status: 200, body: sourceJson(before) };
  return failure(409, 'conflict', 'There is another source of this name. Remove it first: its secret would change.');
}

function named(all: readonly WebhookSource[], name: string): WebhookSource | undefined {
  return all.find(({ topic, id }) => topic === name || id === name);
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // No text, which is answered as such.
    return undefined;
  }
}

async function bodyOf(request: Request): Promise<ReadonlyMap<string, unknown> | undefined> {
  const text = new TextDecoder().decode(await readBody(request, maxBytes));
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
  } catch {
    // No JSON, which is answered as such.
    return undefined;
  }
}

function sourceJson({ id, topic, provider, createdAt }: WebhookSource): object {
  return { id, topic, provider, created_at: new Date(createdAt).toISOString() };
}

/** Why a request came to nothing, as agent-compose says it. */
export function failure(status: number, error: string, message: string): Answer {
  return { status, body: { error, message } };
}

const unknownSource = failure(404, 'not_found', 'There is no such source.');
