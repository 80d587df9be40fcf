import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { isRunActive } from '../runs/run.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { MergeService } from './mergeService.js';
import type { MergeResumption, MergeResumptionStores } from './resumption.js';

interface MergeResumerOptions {
  readonly store: Store<MergeResumptionStores & RunStores>;
  readonly log: Log;
  readonly merges: Pick<MergeService, 'retry'>;
}

/** Asks for merges again when the agents that were to resolve their conflicts have ended well. */
export class MergeResumer implements Disposable {
  readonly #options: MergeResumerOptions;
  readonly #subscription: Disposable;

  constructor(options: MergeResumerOptions) {
    this.#options = options;
    this.#subscription = options.store.onDidCommit(events => {
      if (events.some(({ event }) => event.kind === 'run_changed')) this.resume();
    });
  }

  /** Looks at every merge that waits; also once at the start of a host. */
  resume(): void {
    const { store } = this.#options;
    const over = store.read(stores =>
      stores.resumptions.list().flatMap(resumption => {
        const run = stores.runs.get(resumption.run);
        if (run && (isRunActive(run.status) || !run.settled)) return [];
        return [{ resumption, succeeded: run?.status === 'succeeded' }];
      }),
    );
    for (const { resumption, succeeded } of over) {
      store.transact(stores => stores.resumptions.remove(resumption.run));
      if (succeeded) void this.#again(resumption);
    }
  }

  async dispose(): Promise<void> {
    await this.#subscription.dispose();
  }

  async #again({ merge }: MergeResumption): Promise<void> {
    const { merges, log } = this.#options;
    try {
      await merges.retry(merge, { head: 'present' });
    } catch (error) {
      log.warn('A merge could not be asked for again', { merge, reason: errorMessage(error) });
    }
  }
}
