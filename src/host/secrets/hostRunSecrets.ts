import { z } from 'zod';
import { errorMessage } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { RunSecrets } from '../../core/runs/runSecrets.js';
import type { RunSecretStores } from '../../core/runs/runSecretStore.js';
import type { Store } from '../../core/store.js';
import { hideInRunFiles } from '../../drivers/process/hideInRunFiles.js';
import { digestSecrets, type SecretKeys } from '../../node/secretDigests.js';
import { SecretMask } from '../../node/secretMask.js';

/** Masks that are kept ready; each is a table of 32 kB. */
const maxMasks = 64;

const digestsSchema = z.array(
  z.object({ prefix: z.number(), length: z.number(), word: z.boolean(), digest: z.string() }),
);

/** Secrets of runs: digests in the database, masks in memory. */
export class HostRunSecrets implements RunSecrets {
  readonly #store: Store<RunSecretStores>;
  readonly #keys: SecretKeys;
  readonly #stateDir: string;
  readonly #log: Log;
  /** By the text of their digests, the latest used last. */
  readonly #masks = new Map<string, SecretMask>();
  /** Resolves when the last run that was asked for is done. Never rejects. */
  #blotting: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly store: Store<RunSecretStores>;
    readonly keys: SecretKeys;
    readonly stateDir: string;
    readonly log: Log;
  }) {
    this.#store = options.store;
    this.#keys = options.keys;
    this.#stateDir = options.stateDir;
    this.#log = options.log;
  }

  keep(run: RunId, values: readonly string[]): void {
    const digests = JSON.stringify(digestSecrets(values.toSorted(), this.#keys));
    this.#store.transact(stores => stores.runSecrets.save(run, digests));
  }

  hide(run: RunId, text: string): string {
    return this.maskOf(run).hideIn(text);
  }

  /** One run after the other: fifty that end together would keep the event loop from everything else. */
  blot(run: RunId): Promise<void> {
    this.#blotting = this.#blotting.then(() => this.#blot(run));
    return this.#blotting;
  }

  async #blot(run: RunId): Promise<void> {
    try {
      await hideInRunFiles(this.#stateDir, run, this.maskOf(run));
    } catch (error) {
      // Whoever reads the files still reads them through the mask.
      this.#log.warn('Secrets could not be taken out of the files of a run', { run, reason: errorMessage(error) });
    }
  }

  /** What hides the secrets of a run; of one that was given none, the shapes of well-known keys. */
  maskOf(run: RunId): SecretMask {
    const digests = this.#store.read(stores => stores.runSecrets.of(run)) ?? '[]';
    const mask = this.#masks.get(digests) ?? new SecretMask(parseDigests(digests), this.#keys);
    this.#masks.delete(digests);
    this.#masks.set(digests, mask);
    const [oldest] = this.#masks.keys();
    if (this.#masks.size > maxMasks && oldest !== undefined) this.#masks.delete(oldest);
    return mask;
  }
}

/** A row that nobody can read hides well-known shapes only, and keeps nobody from reading the rest. */
function parseDigests(json: string): z.infer<typeof digestsSchema> {
  try {
    return digestsSchema.parse(JSON.parse(json));
  } catch {
    return [];
  }
}
