import type { Id } from '../../base/ids.js';

export type WebhookSourceId = Id<'webhookSource'>;

/** How a sender shows that it is the one. `token`: it sends the secret; `github_sha256`: it signs with it what it sends. */
export type WebhookProvider = 'token' | 'github_sha256';

/** Who may publish events from outside. Its secret is derived from the machine's key and `nonce`, and never stored. */
export interface WebhookSource {
  readonly id: WebhookSourceId;
  /** `webhook.github`; with a trailing `*` it may publish everything that begins so. */
  readonly topic: string;
  readonly provider: WebhookProvider;
  readonly nonce: string;
  readonly createdAt: number;
}

/** Port: who may publish from outside. */
export interface WebhookSourceStore {
  list(): readonly WebhookSource[];
  insert(source: WebhookSource): void;
  remove(id: WebhookSourceId): void;
}

/** What a transaction needs that touches webhook sources. */
export interface WebhookStores {
  readonly webhooks: WebhookSourceStore;
}
