import type * as vscode from 'vscode';
import type { Log } from '../../base/log.js';
import { errorMessage } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';

const prefix = 'muster.modelKey.';
/** Names of upstreams that have a key: secret storage cannot be listed. */
const namesKey = 'muster.modelKeyNames';

/** Keys of model providers in VS Code's secret storage, handed to every host that this window connects to. */
export class ModelKeys {
  readonly #context: Pick<vscode.ExtensionContext, 'secrets' | 'globalState'>;
  readonly #log: Log;

  constructor(context: Pick<vscode.ExtensionContext, 'secrets' | 'globalState'>, log: Log) {
    this.#context = context;
    this.#log = log;
  }

  /** Keeps a key and hands it over; an empty one takes it back. */
  async store(client: HostClient, upstream: string, key: string): Promise<void> {
    await client.models.offerModelKey({ upstream, key });
    const others = this.#names.filter(name => name !== upstream);
    if (key === '') await this.#context.secrets.delete(prefix + upstream);
    else await this.#context.secrets.store(prefix + upstream, key);
    await this.#context.globalState.update(namesKey, key === '' ? others : [...others, upstream]);
  }

  /** A host that has just begun knows none. Never rejects: agents that need a key say so themselves. */
  async offerAll(client: HostClient): Promise<void> {
    for (const upstream of this.#names) {
      try {
        const key = await this.#context.secrets.get(prefix + upstream);
        if (key !== undefined) await client.models.offerModelKey({ upstream, key });
      } catch (error) {
        this.#log.warn('A model key could not be handed to the host', { upstream, reason: errorMessage(error) });
      }
    }
  }

  get #names(): readonly string[] {
    const stored: unknown = this.#context.globalState.get(namesKey);
    return Array.isArray(stored) ? stored.filter(name => typeof name === 'string') : [];
  }
}
