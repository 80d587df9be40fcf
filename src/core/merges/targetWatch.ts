import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import type { ConflictPredictor } from './conflictPredictor.js';
import { targetOf } from './mergeTarget.js';

export interface TargetWatchOptions {
  readonly store: Store<ThreadStores & ProjectStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly driver: Pick<WorktreeDriver, 'tipOf'>;
  readonly predictor: Pick<ConflictPredictor, 'lookedAt'>;
}

/** A look is a glance at a file for each target; what people commit by hand is told soon enough. */
const lookEveryMs = 15_000;

/** A branch that threads would be merged into. */
interface Target {
  readonly place: { readonly repository: string; readonly commonDir?: string };
  readonly branch: string;
  readonly threads: ThreadId[];
}

/** Sees that a target has moved by what a person, or another program, did to it, and has its threads looked at again. */
export class TargetWatch implements Disposable {
  readonly #options: TargetWatchOptions;
  readonly #leaving = new AbortController();
  /** Where each target was, by repository and branch. */
  #tips: ReadonlyMap<string, string> = new Map();
  #watching = Promise.resolve();

  constructor(options: TargetWatchOptions) {
    this.#options = options;
  }

  /** Looks again and again, until it is disposed. */
  begin(): void {
    this.#watching = this.#watch();
  }

  async dispose(): Promise<void> {
    this.#leaving.abort();
    await this.#watching;
  }

  /** One look at every target. The first one sees only where they are. */
  async look(): Promise<void> {
    const { driver, log, predictor } = this.#options;
    const tips = new Map<string, string>();
    for (const [key, { place, branch, threads }] of this.#targets()) {
      try {
        const tip = await driver.tipOf(place, branch, this.#leaving.signal);
        if (tip === undefined) continue;
        tips.set(key, tip);
        const before = this.#tips.get(key);
        if (before !== undefined && before !== tip) for (const id of threads) predictor.lookedAt(id);
      } catch (error) {
        // It may be on a disk that is not there now.
        if (!this.#leaving.signal.aborted)
          log.debug('Where a target is could not be seen', { ...place, branch, reason: errorMessage(error) });
      }
    }
    this.#tips = tips;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      await this.look();
      await this.#options.clock.sleep(lookEveryMs, signal).catch(() => undefined);
    }
  }

  #targets(): ReadonlyMap<string, Target> {
    return this.#options.store.read(stores => {
      const found = new Map<string, Target>();
      for (const thread of stores.threads.withWorktree()) {
        const { repository, commonDir, head, outcome } = thread;
        const branch = targetOf(stores, thread);
        if (outcome !== 'open' || head === undefined || repository === undefined || branch === undefined) continue;
        const key = JSON.stringify([repository, branch]);
        const target = found.get(key) ?? { place: { repository, ...defined({ commonDir }) }, branch, threads: [] };
        target.threads.push(thread.id);
        found.set(key, target);
      }
      return found;
    });
  }
}
