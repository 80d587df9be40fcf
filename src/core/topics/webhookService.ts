import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { Store } from '../store.js';
import { hears, requireTopic } from './topicName.js';
import type { Published, TopicService } from './topicService.js';
import type { WebhookProvider, WebhookSource, WebhookStores } from './webhookSource.js';

export interface WebhookServiceOptions {
  readonly store: Store<WebhookStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly topics: Pick<TopicService, 'publish'>;
  /** With a key of this machine, so that a secret is known only to it and to whom it was shown. */
  readonly derive: (text: string) => string;
  /** Hexadecimal HMAC-SHA-256 of the bytes. */
  readonly sign: (secret: string, body: Uint8Array) => string;
  /** Compares without telling by its time where two texts differ. */
  readonly isSame: (a: string, b: string) => boolean;
}

/** A request to publish, as it came in. */
export interface Delivery {
  /** From its address. */
  readonly topic: string;
  readonly body: Uint8Array;
  /** The same, read as UTF-8. */
  readonly text: string;
  /** What it sent as a token, and as GitHub's signature. */
  readonly token?: string | undefined;
  readonly signature?: string | undefined;
  /** GitHub's name of what happened: it becomes the end of the topic. */
  readonly githubEvent?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly correlationId?: string | undefined;
}

/** Sources from outside: who they are, and what they publish. */
export class WebhookService {
  readonly #options: WebhookServiceOptions;

  constructor(options: WebhookServiceOptions) {
    this.#options = options;
  }

  list(): readonly WebhookSource[] {
    return this.#options.store.read(stores => stores.webhooks.list());
  }

  /** The secret is shown to whoever asks now, and to nobody later. Errors: `topic.invalid`, `request.invalid`. */
  add(topic: string, provider: WebhookProvider): { readonly source: WebhookSource; readonly secret: string } {
    const { store, clock, ids } = this.#options;
    requireTopic(topic.replace(/\*$/, ''), 'webhook');
    const source = {
      id: ids.next<'webhookSource'>(),
      topic,
      provider,
      nonce: ids.next<'nonce'>(),
      createdAt: clock.now(),
    };
    store.transact(({ webhooks }) => {
      if (webhooks.list().some(each => each.topic === topic))
        throw new AppError('request.invalid', `There is a source for ${topic} already. Remove it first.`, {
          field: 'topic',
          reason: 'taken',
        });
      webhooks.insert(source);
    });
    return { source, secret: this.#secretOf(source) };
  }

  /** Errors: `webhook.unknown`. */
  remove(topic: string): void {
    this.#options.store.transact(({ webhooks }) => {
      const found = webhooks.list().find(each => each.topic === topic || each.id === topic);
      if (!found) throw unknownSource(topic);
      webhooks.remove(found.id);
    });
  }

  /**
   * Publishes what a source sent. Errors: `webhook.unknown` (no source has this topic), `access.token` (it did not show who it
   * is), and those of publishing.
   */
  receive(delivery: Delivery): Published {
    const source = this.list().find(each => hears(each.topic, delivery.topic));
    if (!source) throw unknownSource(delivery.topic);
    if (!this.#isGenuine(source, delivery))
      throw new AppError('access.token', 'The webhook did not show that it comes from its source.', {
        given: delivery.token !== undefined || delivery.signature !== undefined,
      });
    const { githubEvent, idempotencyKey, correlationId } = delivery;
    const isGithub = source.provider === 'github_sha256';
    return this.#options.topics.publish({
      topic: isGithub && githubEvent !== undefined ? `${delivery.topic}.${githubEvent}` : delivery.topic,
      source: 'webhook',
      payload: delivery.text,
      idempotencyKey,
      correlationId,
    });
  }

  #isGenuine(source: WebhookSource, { body, token, signature }: Delivery): boolean {
    const { isSame, sign } = this.#options;
    const secret = this.#secretOf(source);
    return source.provider === 'token'
      ? token !== undefined && isSame(token, secret)
      : signature !== undefined && isSame(signature, `sha256=${sign(secret, body)}`);
  }

  #secretOf({ id, nonce }: WebhookSource): string {
    return this.#options.derive(`webhook source ${id} ${nonce}`);
  }
}

function unknownSource(topic: string): AppError<'webhook.unknown'> {
  const shown = topic.slice(0, 130);
  return new AppError('webhook.unknown', `No webhook source publishes ${JSON.stringify(shown)}.`, { topic: shown });
}
